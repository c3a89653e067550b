/**
 * Labels and annotations of appc manifests, and the platforms that labels may name. Values of JSON
 * flow in, proven pairs flow out in the same order.
 *
 * @see appc 0.8.11, aci.md "Image Manifest Schema"
 */
import { Fault, quote } from "@shared/base";
import { parseAcIdentifier } from "./ac-name.ts";
import type { NameValue } from "./appc.ts";
import { readList, readObject, readText } from "./document.ts";

const ARCHITECTURES: Readonly<Record<string, readonly string[]>> = {
  darwin: ["x86_64", "i386"],
  freebsd: ["amd64", "i386", "arm"],
  linux: [
    "amd64",
    "i386",
    "aarch64",
    "aarch64_be",
    "armv6l",
    "armv7l",
    "armv7b",
    "ppc64",
    "ppc64le",
    "s390x",
  ],
};

/** `<os>/<GOARCH>[/<variant>]` as OCI writes a platform → the word of appc's label "arch". */
const APPC_ARCHITECTURE: Readonly<Record<string, string>> = {
  "linux/amd64": "amd64",
  "linux/386": "i386",
  "linux/arm64": "aarch64",
  "linux/arm64/v8": "aarch64",
  "linux/arm": "armv6l",
  "linux/arm/v6": "armv6l",
  "linux/arm/v7": "armv7l",
  "linux/ppc64": "ppc64",
  "linux/ppc64le": "ppc64le",
  "linux/s390x": "s390x",
  "freebsd/amd64": "amd64",
  "freebsd/386": "i386",
  "freebsd/arm": "arm",
  "darwin/amd64": "x86_64",
  "darwin/386": "i386",
};

/** What an image runs on, in the words of OCI and Go. */
export interface Platform {
  readonly os: string;
  /** As Go names it: "amd64", "arm64". */
  readonly architecture: string;
  /** Of arm: "v6", "v7", "v8". */
  readonly variant?: string;
}

/** The value of appc's label "arch" for a platform; undefined where appc has no word for it. */
export function appcArchitecture(platform: Platform): string | undefined {
  const { os, architecture, variant } = platform;
  const exact = variant === undefined ? undefined : `${os}/${architecture}/${variant}`;
  return APPC_ARCHITECTURE[exact ?? ""] ?? APPC_ARCHITECTURE[`${os}/${architecture}`];
}

/** Labels of a manifest or a dependency; undefined where there are none. */
export function readLabels(value: unknown, place: string): NameValue[] | undefined {
  const labels = readList(value, place, readPair);
  if (labels !== undefined) checkLabels(labels);
  return labels;
}

/** Unique names, none of them "name", and a pair of os and arch that appc knows. */
export function checkLabels(labels: readonly NameValue[]): void {
  if (labels.some((label) => label.name === "name")) {
    throw new Fault("invalid", 'invalid label name: "name"');
  }
  const twice = firstRepeated(labels.map((label) => label.name));
  if (twice !== undefined) throw new Fault("invalid", `duplicate labels of name ${quote(twice)}`);
  checkPlatform(valueOf(labels, "os"), valueOf(labels, "arch"));
}

/** Annotations of a manifest or an app; undefined where there are none. */
export function readAnnotations(value: unknown, place: string): NameValue[] | undefined {
  const annotations = readList(value, place, readPair);
  if (annotations === undefined) return undefined;
  const twice = firstRepeated(annotations.map((annotation) => annotation.name));
  if (twice !== undefined) {
    throw new Fault("invalid", `duplicate annotations of name ${quote(twice)}`);
  }
  checkDate(valueOf(annotations, "created"));
  checkUrl(valueOf(annotations, "homepage"));
  checkUrl(valueOf(annotations, "documentation"));
  return annotations;
}

/** The value that a list of pairs gives to a name; undefined where it gives none. */
export function valueOf(pairs: readonly NameValue[] | undefined, name: string): string | undefined {
  return pairs?.find((pair) => pair.name === name)?.value;
}

/** The first of the names that stands a second time. */
export function firstRepeated(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}

function readPair(value: unknown, place: string): NameValue {
  const pair = readObject(value, place);
  const name = parseAcIdentifier(readText(pair["name"], `${place}.name`) ?? "");
  return { name, value: readText(pair["value"], `${place}.value`) ?? "" };
}

function checkPlatform(os: string | undefined, arch: string | undefined): void {
  if (os === undefined) return;
  const known = Object.hasOwn(ARCHITECTURES, os) ? ARCHITECTURES[os] : undefined;
  if (known === undefined) {
    const all = Object.keys(ARCHITECTURES).join(" ");
    throw new Fault("invalid", `bad os ${quote(os)} (must be one of: [${all}])`);
  }
  if (arch !== undefined && !known.includes(arch)) {
    const all = known.join(" ");
    throw new Fault("invalid", `bad arch ${quote(arch)} for ${os} (must be one of: [${all}])`);
  }
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function checkDate(text: string | undefined): void {
  if (text === undefined) return;
  if (RFC_3339.test(text) && !Number.isNaN(Date.parse(text))) return;
  const layout = '"2006-01-02T15:04:05Z07:00"';
  throw new Fault("invalid", `bad Date: parsing time ${quote(text)} as ${layout}`);
}

function checkUrl(text: string | undefined): void {
  if (text === undefined || /^https?:/i.test(text)) return;
  throw new Fault("invalid", "bad URL scheme, must be http/https");
}
