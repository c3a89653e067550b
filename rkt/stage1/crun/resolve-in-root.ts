/**
 * A path as the app would see it resolved: links are followed inside the root, whatever they say.
 * What is not there yet stays as it is named, so that the runtime makes it.
 */
import { lstatSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { Fault, quote } from "@shared/base";

/** As many links as Linux follows in one path. */
const LINKS_MAX = 40;

/** @returns an absolute path without links inside `root`. @throws {Fault} "invalid" for a loop */
export function resolveInRoot(root: string, path: string): string {
  const waiting = path.split("/");
  const resolved: string[] = [];
  for (let links = 0; waiting.length > 0; ) {
    const name = waiting.shift() ?? "";
    if (name === "" || name === ".") continue;
    if (name === "..") {
      resolved.pop();
      continue;
    }
    const target = linkTarget(join(root, ...resolved, name));
    if (target === undefined) resolved.push(name);
    else if (++links > LINKS_MAX) {
      throw new Fault("invalid", `resolve ${quote(path)}: too many levels of symbolic links`);
    } else {
      if (target.startsWith("/")) resolved.length = 0;
      waiting.unshift(...target.split("/"));
    }
  }
  return join("/", ...resolved);
}

function linkTarget(path: string): string | undefined {
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  return isLink ? readlinkSync(path) : undefined;
}
