/**
 * Where a path of the image that is being built really lies. In: a path as a person types it, and
 * the layers; out: the path with every link on the way followed inside the image, and the
 * directories that lead there as lower layers have them. Nothing outside of the layers is ever
 * looked at.
 */
import { readlinkSync } from "node:fs";
import { lookUp, type TreeHost, type TreeNode } from "@rkt/image/trees";
import { Fault, quote } from "@shared/base";

export interface ImagePlace {
  /** Byte string, relative to the image's root. */
  readonly path: string;
  /** The directories above it that are there, outermost first. */
  readonly parents: readonly TreeNode[];
  /** What is at the place now. */
  readonly node: TreeNode | undefined;
}

const LINKS_MAX = 40;

/** @param layers bottom first @throws {Fault} "invalid" */
export function placeInLayers(host: TreeHost, layers: readonly string[], text: string): ImagePlace {
  const waiting = Buffer.from(text).toString("latin1").split("/").filter(isName);
  const done: string[] = [];
  let links = 0;
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    if (name === "..") {
      done.pop();
      continue;
    }
    const node = lookUp(host, layers, [...done, name].join("/"));
    const isLast = waiting.length === 0;
    if (node?.stat.isSymbolicLink() === true && !isLast) {
      links++;
      if (links > LINKS_MAX) {
        throw new Fault("invalid", `find ${quote(text)} in the image: too many links`);
      }
      const target = readlinkSync(node.at, { encoding: "latin1" });
      if (target.startsWith("/")) done.length = 0;
      waiting.unshift(...target.split("/").filter(isName));
      continue;
    }
    if (node !== undefined && !isLast && !node.stat.isDirectory()) {
      throw new Fault("invalid", `find ${quote(text)} in the image: ${quote(name)} is a file`);
    }
    done.push(name);
  }
  return {
    path: done.join("/"),
    parents: done.slice(0, -1).flatMap((_, index) => {
      const node = lookUp(host, layers, done.slice(0, index + 1).join("/"));
      return node === undefined ? [] : [node];
    }),
    node: lookUp(host, layers, done.join("/")),
  };
}

function isName(part: string): boolean {
  return part !== "" && part !== ".";
}
