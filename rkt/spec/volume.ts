/**
 * Volumes and mounts: the texts of `--volume`, `--mount` and `--mnt-volume`, and the volumes of pod
 * manifests, flow in; proven `Volume` and `Mount` values flow out. Never looks at the paths that
 * they name.
 *
 * @see appc 0.8.11, pods.md "volumes"
 */
import { Fault, quote } from "@shared/base";
import { parseAcName } from "./ac-name.ts";
import type { Mount, Volume } from "./appc.ts";
import { given, readBoolean, readInteger, readObject, readText } from "./document.ts";
import { parseQuantity } from "./quantity.ts";
import { parseGoBoolean, parseGoInteger } from "./go-number.ts";

/** A volume as its fields were given, before its kind says which of them it may have. */
type VolumeDraft = { -readonly [K in keyof Volume]?: Volume[K] | undefined };

/**
 * The value of `--volume`: `NAME,kind=host,source=/x,readOnly=true` or
 * `NAME,kind=empty,mode=0755,uid=0,gid=0`. Faults: invalid, with rkt's words.
 */
export function parseVolume(text: string): Volume {
  try {
    const parameters = new Map([["name", text.split(",", 1)[0] ?? ""]]);
    for (const part of text.split(",").slice(1)) addParameter(parameters, part, `name=${text}`);
    return volumeOf(parameters);
  } catch (thrown) {
    const { message } = Fault.from(thrown);
    throw new Fault("invalid", `invalid value in --volume flag ${quote(text)}: ${message}`);
  }
}

/** The value of `--mount`: `volume=NAME,target=/path`. */
export function parseMount(text: string): Mount {
  const mount = { volume: "", path: "" };
  for (const [key, value] of queryOf(text)) {
    if (key === "volume") mount.volume = mountedVolume(value, text);
    else if (key === "target") mount.path = value;
    else throw new Fault("invalid", `unknown mount parameter ${quote(key)}`);
  }
  return mount;
}

/** The value of `--tmpfs`: `/path` or `/path:size=64M,mode=1777,uid=0,gid=0,ro`. */
export function parseTmpfs(text: string): Mount {
  const [path = "", options = ""] = text.split(/:(.*)/s);
  if (!path.startsWith("/")) {
    throw new Fault("invalid", `--tmpfs ${quote(text)}: it does not begin with an absolute path`);
  }
  const name = `tmpfs-${Bun.hash.crc32(path)}`;
  const parameters = new Map([
    ["name", name],
    ["kind", "tmpfs"],
  ]);
  for (const word of options.split(",")) {
    if (word === "ro") parameters.set("readOnly", "true");
    else if (word !== "" && word !== "rw") addParameter(parameters, word, text);
  }
  return { volume: name, path, appVolume: volumeOf(parameters) };
}

/**
 * The value of `--mnt-volume`: a volume of one app and its place,
 * `name=…,kind=…,source=…,target=/path`.
 */
export function parseMountVolume(text: string): Mount {
  const parameters = queryOf(text);
  const path = parameters.get("target");
  if (path === undefined) throw new Fault("invalid", "missing target= parameter");
  parameters.delete("target");
  try {
    const appVolume = volumeOf(parameters);
    return { volume: appVolume.name, path, appVolume };
  } catch (cause) {
    throw new Fault("invalid", "error parsing volume component of MountVolume", { cause });
  }
}

/** A volume of a pod manifest. */
export function readVolume(value: unknown, place: string): Volume {
  const volume = readObject(value, place);
  const at = (field: string): [unknown, string] => [volume[field], `${place}.${field}`];
  const ids = { min: -0x8000_0000, max: 0xffff_ffff };
  const name = readText(...at("name"));
  return proven({
    ...(name === undefined ? {} : { name: parseAcName(name) }),
    kind: readText(...at("kind")) as Volume["kind"] | undefined,
    source: readText(...at("source")),
    readOnly: readBoolean(...at("readOnly")),
    recursive: readBoolean(...at("recursive")),
    mode: readText(...at("mode")),
    size: readText(...at("size")),
    uid: readInteger(...at("uid"), ids),
    gid: readInteger(...at("gid"), ids),
  });
}

/** A volume as an object whose keys stand in Go's order. */
export function orderedVolume(volume: Volume): object {
  const { name, kind, source, readOnly, recursive, mode, uid, gid, size } = volume;
  return { name, kind, source: source || undefined, readOnly, recursive, mode, uid, gid, size };
}

function addParameter(parameters: Map<string, string>, part: string, whole: string): void {
  const equals = part.indexOf("=");
  if (equals < 0) {
    const problem = `has a label without a value: ${part}`;
    throw new Fault("invalid", `malformed string ${quote(whole)} - ${problem}`);
  }
  setOnce(parameters, part.slice(0, equals), part.slice(equals + 1));
}

/**
 * `a=b,c=d`, percent-decoded as the query of a URL is; a part without `=` has the empty text as its
 * value.
 */
function queryOf(text: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of text.split(/[,&]/).filter((each) => each !== "")) {
    const [key = "", ...rest] = part.split("=");
    setOnce(parameters, unescapeQuery(key), unescapeQuery(rest.join("=")));
  }
  return parameters;
}

function setOnce(parameters: Map<string, string>, key: string, value: string): void {
  const earlier = parameters.get(key);
  if (earlier !== undefined) {
    const values = `[${quote(earlier)} ${quote(value)}]`;
    throw new Fault("invalid", `label ${key} with multiple values ${values}`);
  }
  parameters.set(key, value);
}

function unescapeQuery(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    const escape = /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(text)?.[0] ?? "%";
    throw new Fault("invalid", `invalid URL escape ${quote(escape)}`);
  }
}

function mountedVolume(name: string, flag: string): string {
  try {
    return parseAcName(name);
  } catch (thrown) {
    const { message } = Fault.from(thrown);
    const place = `in --mount flag ${quote(flag)}`;
    throw new Fault("invalid", `invalid volume name ${quote(name)} ${place}: ${message}`);
  }
}

function volumeOf(parameters: ReadonlyMap<string, string>): Volume {
  const draft: VolumeDraft = {};
  for (const [key, value] of parameters) {
    if (key === "name") draft.name = parseAcName(value);
    else if (key === "kind") draft.kind = value as Volume["kind"];
    else if (key === "source" || key === "mode" || key === "size") draft[key] = value;
    else if (key === "readOnly" || key === "recursive") draft[key] = parseGoBoolean(value);
    else if (key === "uid" || key === "gid") draft[key] = parseGoInteger(value);
    else throw new Fault("invalid", `unknown volume parameter ${quote(key)}`);
  }
  return proven(draft);
}

function proven(draft: VolumeDraft): Volume {
  if (draft.name === undefined) throw new Fault("invalid", "name must be set");
  if (draft.kind === "empty") return provenEmpty({ ...draft, name: draft.name });
  if (draft.kind === "host") return provenHost({ ...draft, name: draft.name });
  if (draft.kind === "tmpfs") return provenTmpfs({ ...draft, name: draft.name });
  if (draft.kind === "named") return provenNamed({ ...draft, name: draft.name });
  const kinds = '"empty", "host", "named", "tmpfs"';
  throw new Fault("invalid", `unrecognized volume kind: should be one of ${kinds}`);
}

function provenEmpty(draft: VolumeDraft & { name: string }): Volume {
  if ((draft.source ?? "") !== "") {
    throw new Fault("invalid", "source for empty volume must be empty");
  }
  if (draft.size !== undefined) throw new Fault("invalid", "size is for tmpfs volumes");
  const { name, readOnly, recursive, mode = "0755", uid = 0, gid = 0 } = draft;
  return given<Volume>({ name, kind: "empty", readOnly, recursive, mode, uid, gid });
}

function provenTmpfs(draft: VolumeDraft & { name: string }): Volume {
  if ((draft.source ?? "") !== "") {
    throw new Fault("invalid", "source for tmpfs volume must be empty");
  }
  const { name, readOnly, mode = "1777", uid = 0, gid = 0, size } = draft;
  if (size !== undefined) parseQuantity(size);
  return given<Volume>({ name, kind: "tmpfs", readOnly, mode: octal(mode), uid, gid, size });
}

/** Mode and owner are for the case that there is no volume of that name yet. */
function provenNamed(draft: VolumeDraft & { name: string }): Volume {
  const { name, source = name, readOnly, recursive, mode = "0755", uid = 0, gid = 0 } = draft;
  if (draft.size !== undefined) throw new Fault("invalid", "size is for tmpfs volumes");
  const volume = { name, source: parseAcName(source), readOnly, recursive, uid, gid };
  return given<Volume>({ ...volume, kind: "named", mode: octal(mode) });
}

function octal(mode: string): string {
  if (/^[0-7]{3,4}$/.test(mode)) return mode;
  throw new Fault("invalid", `mode ${quote(mode)} is not octal`);
}

function provenHost(draft: VolumeDraft & { name: string }): Volume {
  const { name, source = "", readOnly, recursive } = draft;
  if (source === "") throw new Fault("invalid", "source for host volume cannot be empty");
  for (const field of ["mode", "uid", "gid", "size"] as const) {
    if (draft[field] !== undefined) {
      throw new Fault("invalid", `${field} for host volume cannot be set`);
    }
  }
  if (!source.startsWith("/")) {
    throw new Fault("invalid", "source for host volume must be absolute path");
  }
  return given<Volume>({ name, kind: "host", source, readOnly, recursive });
}
