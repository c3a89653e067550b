/**
 * Which manifest of an index is meant: for a platform, or for a name inside a layout. An index
 * flows in, one descriptor flows out. Fetches nothing.
 *
 * @see OCI image-spec 1.1, image-index.md "platform"; image-layout.md
 * "org.opencontainers.image.ref.name"
 */
import { Fault, quote } from "@shared/base";
import type { Platform } from "./labels.ts";
import type { OciDescriptor, OciIndex } from "./oci-image.ts";

const REFERENCE_NAME = "org.opencontainers.image.ref.name";

/** What a processor of one variant runs, best first; "" is a manifest that names no variant. */
const RUNS: Readonly<Record<string, readonly string[]>> = {
  "arm/v8": ["v8", "v7", "", "v6", "v5"],
  "arm/v7": ["v7", "", "v6", "v5"],
  "arm/v6": ["v6", "", "v5"],
  "arm/v5": ["v5", ""],
  "arm/": ["", "v7", "v6", "v5"],
  "arm64/": ["", "v8"],
  "arm64/v8": ["v8", ""],
  "amd64/": ["", "v1"],
  "amd64/v1": ["v1", ""],
  "amd64/v2": ["v2", "v1", ""],
  "amd64/v3": ["v3", "v2", "v1", ""],
  "amd64/v4": ["v4", "v3", "v2", "v1", ""],
};

/** Words of the JavaScript runtime for processors → Go's, which images use. */
const GO_ARCHITECTURE: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

/** The platform that a runtime reports as `process.platform` and `process.arch`. */
export function platformOf(os: string, arch: string): Platform {
  return { os, architecture: GO_ARCHITECTURE[arch] ?? arch };
}

/** `linux/arm64`, `linux/arm/v7`. Faults: invalid. */
export function parsePlatform(text: string): Platform {
  const [, os, architecture, variant] =
    /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/(v?[0-9]+))?$/.exec(text) ?? [];
  if (os === undefined || architecture === undefined) {
    throw new Fault("invalid", `read platform ${quote(text)}: want OS/ARCH or OS/ARCH/VARIANT`);
  }
  return { os, architecture, ...(variant !== undefined && { variant }) };
}

/** A platform as people write it: `linux/arm/v7`. */
export function describePlatform({ os, architecture, variant }: Platform): string {
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/**
 * The manifest that suits the platform best. An entry that names no platform suits when nothing
 * else does and it is the only one of its sort. Faults: not-found, with what there is as the hint.
 */
export function selectPlatform(index: OciIndex, platform: Platform): OciDescriptor {
  const suiting = index.manifests
    .map((entry) => ({ entry, rank: rankOf(entry.platform, platform) }))
    .filter(({ rank }) => rank >= 0)
    .sort((a, b) => a.rank - b.rank);
  const open = index.manifests.filter((entry) => entry.platform === undefined);
  const chosen = suiting[0]?.entry ?? (open.length === 1 ? open[0] : undefined);
  if (chosen !== undefined) return chosen;
  throw new Fault("not-found", `find an image for ${describePlatform(platform)} in the index`, {
    hint: `the index has ${namesOf(index)}`,
  });
}

/**
 * The entry of a layout that has this name; without a name the only entry.
 * Faults: not-found; ambiguous.
 */
export function selectReference(index: OciIndex, reference: string | undefined): OciDescriptor {
  const entries = index.manifests.filter(
    (entry) => reference === undefined || entry.annotations?.[REFERENCE_NAME] === reference,
  );
  const [first, second] = entries;
  const what = reference === undefined ? "the image of the layout" : quote(reference);
  const hint = `the layout has ${referencesOf(index)}`;
  if (first === undefined) throw new Fault("not-found", `find ${what} in the layout`, { hint });
  if (second !== undefined && reference === undefined) {
    throw new Fault("ambiguous", `find ${what}: it holds ${entries.length}`, { hint });
  }
  return first;
}

/** How well an entry suits, 0 is best; negative where it does not. */
function rankOf(entry: Platform | undefined, wanted: Platform): number {
  if (entry?.os !== wanted.os || entry.architecture !== wanted.architecture) return -1;
  const key = `${wanted.architecture}/${wanted.variant ?? ""}`;
  const runs = RUNS[key] ?? [wanted.variant ?? "", ""];
  return runs.indexOf(entry.variant ?? "");
}

function namesOf(index: OciIndex): string {
  const names = index.manifests.flatMap((entry) => entry.platform ?? []).map(describePlatform);
  const known = new Set(names.filter((name) => name !== "unknown/unknown"));
  return known.size === 0 ? "none" : [...known].slice(0, 20).join(", ");
}

function referencesOf(index: OciIndex): string {
  const names = index.manifests.flatMap((entry) => entry.annotations?.[REFERENCE_NAME] ?? []);
  return names.length === 0 ? "no named images" : names.slice(0, 20).map(quote).join(", ");
}
