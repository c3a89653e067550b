/**
 * What an entry of an archive means for a layer's tree. In: its path as the archive has it; out: a
 * place in the tree and what is to happen there. Pure. `..` is refused here, so that a person reads
 * why; it could not leave the tree anyway.
 *
 * @see appc 0.8.11 aci.md, "Image Layout"; OCI image-spec 1.1, layer.md, "Whiteouts"
 */
import { Fault, quote } from "@shared/base";
import { readable } from "./tar-entry.ts";

export type LayerFormat = "aci" | "oci";

/** `path` is a byte string without `/` at either end; the root of the tree is the empty one. */
export type LayerPlace =
  | { readonly kind: "node"; readonly path: string }
  /** The image manifest of an ACI. */
  | { readonly kind: "manifest" }
  /** Lower layers' entry of that path is gone. */
  | { readonly kind: "whiteout"; readonly path: string }
  /** Everything that lower layers have in that directory is gone. */
  | { readonly kind: "opaque"; readonly path: string }
  | { readonly kind: "ignored" };

const WHITEOUT = ".wh.";
/** Marks of aufs for itself; of these OCI knows only the opaque one. */
const AUFS_PREFIX = ".wh..wh.";
const OPAQUE = ".wh..wh..opq";

/** @throws {Fault} "invalid" for a path that no layer of this format may have */
export function placeOf(format: LayerFormat, path: string): LayerPlace {
  const parts = partsOf(path);
  return format === "aci" ? placeInAci(parts) : placeInOci(parts);
}

/** The place that a hard link names, in the same terms. @throws {Fault} "invalid" */
export function linkedPath(format: LayerFormat, linkPath: string): string {
  const place = placeOf(format, linkPath);
  if (place.kind === "node" && place.path !== "") return place.path;
  throw new Fault("invalid", `link to ${quote(readable(linkPath))}: it is no file of the layer`);
}

function placeInAci(parts: readonly string[]): LayerPlace {
  if (parts.length === 0) return { kind: "ignored" };
  if (parts.length === 1 && parts[0] === "manifest") return { kind: "manifest" };
  if (parts[0] === "rootfs") return { kind: "node", path: parts.slice(1).join("/") };
  const shown = quote(readable(parts.join("/")));
  throw new Fault("invalid", `unrecognized file path in layout: ${shown}`);
}

function placeInOci(parts: readonly string[]): LayerPlace {
  const name = parts.at(-1) ?? "";
  if (!name.startsWith(WHITEOUT)) return { kind: "node", path: parts.join("/") };
  const directory = parts.slice(0, -1);
  if (name === OPAQUE) return { kind: "opaque", path: directory.join("/") };
  if (name.startsWith(AUFS_PREFIX)) return { kind: "ignored" };
  const hidden = name.slice(WHITEOUT.length);
  if (hidden === "" || hidden === "." || hidden === "..") {
    throw new Fault("invalid", `hide ${quote(readable(parts.join("/")))}: it names nothing`);
  }
  return { kind: "whiteout", path: [...directory, hidden].join("/") };
}

function partsOf(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (!parts.includes("..")) return parts;
  throw new Fault("invalid", `unpack ${quote(readable(path))}: the name leads out of the archive`);
}
