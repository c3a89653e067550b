/**
 * The places where volumes will be mounted, made inside an app's root where the image has none:
 * root's, with mode 0755. The runtime would make them, too, but with the sticky bit.
 *
 * @see appc 0.8.11 ace.md, "Volume Setup"
 */
import { mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BoundVolume } from "./bound-volume.ts";

/** Targets have no links in them any more. What cannot be made is left to the runtime to tell. */
export function makeMountTargets(root: string, volumes: readonly BoundVolume[]): void {
  for (const { source, target } of volumes) {
    const isDirectory = statSync(source, { throwIfNoEntry: false })?.isDirectory() ?? true;
    try {
      mkdirSync(join(root, isDirectory ? target : dirname(target)), { recursive: true });
    } catch {
      // the runtime has the words for it
    }
  }
}
