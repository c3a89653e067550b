/**
 * The stage1 images that come inside the executable: a manifest and a tree of a few names. Every
 * entrypoint is a link to `/proc/self/exe`, so a stage0 that executes it becomes itself again under
 * the entrypoint's name. Pure.
 */
import { APPC_VERSION } from "@rkt/spec";
import type { ImageManifest } from "@rkt/spec";
import {
  type Entrypoint,
  entrypointAnnotation,
  INTERFACE_VERSION,
  INTERFACE_VERSION_ANNOTATION,
} from "./contract.ts";

/** The stage1 images in this executable. */
export const FLAVOURS = ["crun"] as const;
/** The name of one of them. */
export type Flavour = (typeof FLAVOURS)[number];

const ENTRYPOINTS_OF: Readonly<Record<Flavour, readonly Entrypoint[]>> = {
  crun: ["run", "enter", "gc", "stop", "attach", "app/add", "app/rm", "app/start", "app/stop"],
};

/** One name in a stage1 image's root; parents come before what they hold. */
export type Stage1Entry =
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "link"; readonly path: string; readonly target: string };

/** A stage1 image as data. */
export interface Stage1Image {
  readonly manifest: ImageManifest;
  /** Paths are relative to the image's root. */
  readonly entries: readonly Stage1Entry[];
}

/** Name and version as in `coreos.com/rkt/stage1-crun:0.1.0`. */
export function bundledStage1Name(flavour: Flavour, version: string): string {
  return `coreos.com/rkt/stage1-${flavour}:${version}`;
}

/** The image of a flavour, labelled with `version`. */
export function bundledStage1(flavour: Flavour, version: string): Stage1Image {
  const entrypoints = ENTRYPOINTS_OF[flavour];
  return {
    manifest: {
      acKind: "ImageManifest",
      acVersion: APPC_VERSION,
      name: `coreos.com/rkt/stage1-${flavour}`,
      labels: [
        { name: "version", value: version },
        { name: "os", value: "linux" },
      ],
      annotations: [
        ...entrypoints.map((entrypoint) => ({
          name: entrypointAnnotation(entrypoint),
          value: `/${flavour}/${entrypoint}`,
        })),
        { name: INTERFACE_VERSION_ANNOTATION, value: String(INTERFACE_VERSION) },
      ],
    },
    entries: [
      ...[
        "etc",
        "opt",
        "opt/stage2",
        "rkt",
        "rkt/env",
        "rkt/status",
        flavour,
        `${flavour}/app`,
      ].map(directory),
      ...entrypoints.map((entrypoint) => link(`${flavour}/${entrypoint}`)),
    ],
  };
}

function directory(path: string): Stage1Entry {
  return { kind: "directory", path };
}

function link(path: string): Stage1Entry {
  return { kind: "link", path, target: "/proc/self/exe" };
}

/** The flavour and entrypoint that a program name means, such as `…/stage1/rootfs/crun/run`. */
export function bundledEntrypoint(
  programName: string,
): { readonly flavour: Flavour; readonly entrypoint: Entrypoint } | undefined {
  const [, path] = /\/stage1\/rootfs\/(.+)$/.exec(programName) ?? [];
  for (const flavour of FLAVOURS) {
    const entrypoint = ENTRYPOINTS_OF[flavour].find((each) => path === `${flavour}/${each}`);
    if (entrypoint !== undefined) return { flavour, entrypoint };
  }
  return undefined;
}
