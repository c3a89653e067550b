/**
 * Image references: what a person types where an image is meant flows in, one of a few kinds flows
 * out. The order of the questions is rkt's. Only `exists` looks at a disk.
 *
 * @see rkt Documentation/subcommands/fetch.md; rkt's DistFromImageString
 */
import { Fault, quote } from "@shared/base";
import { parseAcIdentifier } from "./ac-name.ts";
import type { NameValue } from "./appc.ts";
import { parseDistributionPoint } from "./cimd.ts";
import { type DockerReference, parseDockerReference } from "./docker-reference.ts";
import { firstRepeated } from "./labels.ts";

/** What a person means by an image, before anything is looked up. */
export type ImageReference =
  /** An archive on this machine; the path as typed, or out of a `file://` URL. */
  | { readonly kind: "file"; readonly path: string }
  /** An archive behind `http://` or `https://`; ends in `.aci`. */
  | { readonly kind: "url"; readonly url: string }
  | DockerReference
  /** An OCI image layout; without a reference the only image in it is meant. */
  | { readonly kind: "oci"; readonly directory: string; readonly reference?: string }
  /** A tar archive of a layout, or of what `docker save` writes. */
  | {
      readonly kind: "oci-archive" | "docker-archive";
      readonly path: string;
      readonly reference?: string;
    }
  /** The start of an image id, `sha512-…`, or an OCI digest, `sha256:…`. */
  | { readonly kind: "hash"; readonly prefix: string }
  /** An appc name; the labels hold the version too, in the order typed. */
  | {
      readonly kind: "name";
      readonly name: string;
      readonly labels: readonly NameValue[];
      readonly version?: string;
    };

/** What the parser asks of the machine. */
export interface ReferenceHost {
  /** Whether the path, relative to the working directory, is a regular file. */
  readonly exists: (path: string) => boolean;
}

/**
 * What the text means. Faults: invalid, with rkt's words; unsupported, for transports that are not
 * there yet.
 */
export function parseImageReference(text: string, host: ReferenceHost): ImageReference {
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return isPath(text, host) ? fileReference(text, text) : byName(text);
  if (scheme === "file") return fileReference(pathOfUrl(text), text);
  if (scheme === "http" || scheme === "https") return urlReference(text);
  if (scheme === "docker") return dockerReference(text.replace(/^docker:(\/\/)?/i, ""));
  if (scheme === "oci") return ociReference(text.slice("oci:".length));
  if (scheme === "cimd") return distributionPoint(text.slice("cimd:".length));
  if (scheme === "oci-archive" || scheme === "docker-archive") return archive(scheme, text);
  return host.exists(text) ? fileReference(text, text) : byName(text);
}

/** It says itself what it is: nothing is looked up. */
function distributionPoint(data: string): ImageReference {
  const { type, text } = parseDistributionPoint(data);
  return type === "appc" ? parseImageName(text) : parseImageReference(text, NO_FILES);
}

const NO_FILES: ReferenceHost = { exists: () => false };

/** An appc name with its version and labels: `example.com/worker:1.0.0,os=linux`. */
export function parseImageName(text: string): ImageReference & { kind: "name" } {
  try {
    return imageName(text);
  } catch (thrown) {
    const { message } = Fault.from(thrown);
    throw new Fault("invalid", `invalid appc image string ${quote(text)}: ${message}`);
  }
}

function byName(text: string): ImageReference {
  if (/^sha512-[0-9a-zA-Z]+$/.test(text)) return { kind: "hash", prefix: text };
  if (/^sha256:[0-9a-f]{2,64}$/.test(text)) return { kind: "hash", prefix: text };
  return parseImageName(text);
}

function isPath(text: string, host: ReferenceHost): boolean {
  if (text.startsWith("/") || host.exists(text)) return true;
  if (text.includes(":")) return false;
  return text.includes("./") || text.endsWith(".aci");
}

function fileReference(path: string, text: string): ImageReference {
  if (path.endsWith(".aci")) return { kind: "file", path };
  throw new Fault("invalid", `invalid image string ${quote(text)}`, {
    hint: "the name of an archive ends in .aci; an OCI layout is written oci:DIRECTORY",
  });
}

/** The path of a `file:` URL of this machine. */
function pathOfUrl(text: string): string {
  const url = URL.parse(text);
  const path = url?.host === "" ? unescapePath(url.pathname) : undefined;
  if (path !== undefined) return path;
  throw new Fault("invalid", `failed to parse image url ${quote(text)}`);
}

/** Undefined where an escape is none, or stands for what no file name has. */
function unescapePath(path: string): string | undefined {
  try {
    return /%(?:2f|00)/i.test(path) ? undefined : decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function urlReference(text: string): ImageReference {
  const url = URL.parse(text);
  if (url === null) throw new Fault("invalid", `failed to parse image url ${quote(text)}`);
  if (url.pathname.endsWith(".aci")) return { kind: "url", url: text };
  throw new Fault("invalid", `invalid image string ${quote(text)}`, {
    hint: "the URL of an archive ends in .aci",
  });
}

function dockerReference(text: string): ImageReference {
  try {
    return parseDockerReference(text);
  } catch (thrown) {
    const { message } = Fault.from(thrown);
    const problem = `bad docker URL ${quote(text)}: ${message}`;
    throw new Fault("invalid", `docker distribution creation error: ${problem}`);
  }
}

function ociReference(text: string): ImageReference {
  const [directory, reference] = placeAndName(text, `oci:${text}`, "oci:DIRECTORY");
  return { kind: "oci", directory, ...(reference !== undefined && { reference }) };
}

function archive(kind: "oci-archive" | "docker-archive", text: string): ImageReference {
  const [path, reference] = placeAndName(text.slice(kind.length + 1), text, `${kind}:FILE`);
  return { kind, path, ...(reference !== undefined && { reference }) };
}

/** `PLACE[:REF]`: the first colon ends the place. */
function placeAndName(rest: string, text: string, form: string): [string, string | undefined] {
  const colon = rest.indexOf(":");
  const place = colon < 0 ? rest : rest.slice(0, colon);
  const reference = colon < 0 ? undefined : rest.slice(colon + 1);
  if (place !== "" && reference !== "") return [place, reference];
  const wanted = `want ${form} or ${form}:REFERENCE`;
  throw new Fault("invalid", `invalid image string ${quote(text)}: ${wanted}`);
}

function imageName(text: string): ImageReference & { kind: "name" } {
  checkColon(text);
  const whole = `name=${text.replace(":", ",version=")}`;
  const [name = "", ...parts] = whole.slice("name=".length).split(",");
  const labels = parts.map((part) => readLabel(part, whole));
  checkOnce([{ name: "name", value: name }, ...labels]);
  for (const label of labels) parseAcIdentifier(label.name);
  parseAcIdentifier(name);
  const version = labels.find((label) => label.name === "version")?.value;
  return { kind: "name", name, labels, ...(version !== undefined && { version }) };
}

function checkOnce(labels: readonly NameValue[]): void {
  const twice = firstRepeated(labels.map((label) => label.name));
  if (twice === undefined) return;
  const values = labels.filter((label) => label.name === twice).map((label) => quote(label.value));
  throw new Fault("invalid", `label ${twice} with multiple values [${values.join(" ")}]`);
}

function checkColon(text: string): void {
  const comma = text.indexOf(",");
  const colon = text.indexOf(":");
  const problem = "malformed app string - colon may appear";
  if (comma >= 0 && colon > comma) {
    throw new Fault("invalid", `${problem} only right after the app name`);
  }
  if (text.split(":").length > 2) throw new Fault("invalid", `${problem} at most once`);
}

function readLabel(part: string, whole: string): NameValue {
  const equals = part.indexOf("=");
  if (equals < 0) {
    const problem = `has a label without a value: ${part}`;
    throw new Fault("invalid", `malformed string ${quote(whole)} - ${problem}`);
  }
  return { name: part.slice(0, equals), value: part.slice(equals + 1) };
}
