/**
 * The volumes of a Pod: its `spec.volumes` flow in; words for `--volume`, and the files of
 * ConfigMaps and Secrets, flow out. Pure.
 */
import { Fault, quote } from "@shared/base";
import { type JsonObject, readInteger, readList, readObject, readText } from "./document.ts";
import { keysOf } from "./kube-data.ts";

/** A file in a volume that is made for the pod. */
export interface VolumeFile {
  readonly volume: string;
  /** Relative to the volume. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly mode: number;
}

export interface KubeVolumes {
  readonly files: readonly VolumeFile[];
  /** Words for the volumes that containers asked for. */
  words(): string[];
  /** The name of the volume as a container wants it. @throws {Fault} "invalid" */
  use(name: string, how: { readonly readOnly: boolean; readonly subPath: string }): string;
}

interface Definition {
  readonly kind: "host" | "empty" | "named" | "tmpfs";
  readonly source?: string;
  readonly more?: string;
  readonly isReadOnly?: boolean;
}

interface Around {
  readonly name: string;
  readonly documents: readonly JsonObject[];
}

export function kubeVolumes(spec: JsonObject, around: Around): KubeVolumes {
  const files: VolumeFile[] = [];
  const defined = new Map<string, Definition>();
  const security = readObject(spec["securityContext"] ?? {}, "spec.securityContext");
  const gid = readInteger(security["fsGroup"], "spec.securityContext.fsGroup", IDS);
  const list = readList(spec["volumes"], "spec.volumes", readObject) ?? [];
  for (const [at, volume] of list.entries()) {
    const place = `spec.volumes[${at}]`;
    const name = readText(volume["name"], `${place}.name`);
    if (name === undefined) throw new Fault("invalid", `${place} has no name`);
    if (defined.has(name)) throw new Fault("invalid", `duplicate volume name ${quote(name)}`);
    defined.set(name, definition(volume, { place, name, gid, around, files }));
  }
  const used = new Map<string, string>();
  return {
    files,
    words: () => [...used.values()],
    use: (name, { readOnly, subPath }) => {
      const volume = defined.get(name);
      if (volume === undefined) throw new Fault("invalid", `the pod has no volume ${quote(name)}`);
      if (volume.kind !== "host" && (subPath !== "" || (readOnly && volume.isReadOnly !== true))) {
        const what = subPath === "" ? "readOnly" : "subPath";
        throw new Fault("unsupported", `${what} of volume ${quote(name)}: it is none of the host`);
      }
      const ro = readOnly && volume.isReadOnly !== true ? "-ro" : "";
      const suffix = `${ro}${subPath && `-${acName(subPath)}`}`;
      const word = volumeWord(`${name}${suffix}`, volume, { readOnly, subPath });
      used.set(`${name}${suffix}`, word);
      return `${name}${suffix}`;
    },
  };
}

const IDS = { min: 0, max: 0xffff_fffe };

function acName(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
}

function volumeWord(
  name: string,
  { kind, source, more = "", isReadOnly = false }: Definition,
  { readOnly, subPath }: { readonly readOnly: boolean; readonly subPath: string },
): string {
  if (/(^|\/)\.\.(\/|$)/.test(subPath) || subPath.startsWith("/")) {
    throw new Fault("invalid", `subPath ${quote(subPath)} does not stay in the volume`);
  }
  const from = source === undefined ? "" : `,source=${source}${subPath && `/${subPath}`}`;
  const only = readOnly || isReadOnly ? ",readOnly=true" : "";
  return `--volume=${name},kind=${kind}${from}${more}${only}`;
}

interface Place {
  readonly place: string;
  readonly name: string;
  readonly gid: number | undefined;
  readonly around: Around;
  readonly files: VolumeFile[];
}

function definition(volume: JsonObject, at: Place): Definition {
  const kind = Object.keys(volume).find((key) => key !== "name") ?? "emptyDir";
  const given = readObject(volume[kind] ?? {}, `${at.place}.${kind}`);
  const text = (field: string): string | undefined =>
    readText(given[field], `${at.place}.${kind}.${field}`);
  const group = at.gid === undefined ? "" : `,gid=${at.gid}`;
  switch (kind) {
    case "emptyDir":
      if (text("medium") === "Memory") return { kind: "tmpfs", more: `,mode=1777${group}` };
      return { kind: "empty", more: `,mode=${at.gid === undefined ? "0777" : "2777"}${group}` };
    case "hostPath":
      return { kind: "host", source: text("path") ?? "" };
    case "persistentVolumeClaim":
      return { kind: "named", source: text("claimName") ?? "" };
    case "configMap":
      return filled("ConfigMap", text("name"), given, at);
    case "secret":
      return filled("Secret", text("secretName"), given, at);
  }
  throw new Fault("unsupported", `${at.place}: volumes of type ${quote(kind)} are not supported`);
}

function filled(
  kind: "ConfigMap" | "Secret",
  source: string | undefined,
  given: JsonObject,
  { place, name, around, files }: Place,
): Definition {
  const mode = readInteger(given["defaultMode"], `${place}.defaultMode`, { min: 0, max: 0o777 });
  const data = keysOf(around.documents, { kind, name: source ?? "" });
  if (data === undefined && given["optional"] !== true) {
    throw new Fault("not-found", `${place}: the file has no ${kind} ${quote(source ?? "")}`);
  }
  const items = readList(given["items"], `${place}.items`, readObject);
  const chosen = items?.map((item, at): { readonly key: string; readonly path: string } => ({
    key: readText(item["key"], `${place}.items[${at}].key`) ?? "",
    path: readText(item["path"], `${place}.items[${at}].path`) ?? "",
  }));
  const every = [...(data?.keys() ?? [])].map((key) => ({ key, path: key }));
  for (const { key, path } of chosen ?? every) {
    const bytes = data?.get(key);
    if (bytes === undefined) throw new Fault("not-found", `${place}: no key ${quote(key)} there`);
    if (/(^|\/)\.\.(\/|$)/.test(path) || path.startsWith("/") || path === "") {
      throw new Fault("invalid", `${place}: path ${quote(path)} does not stay in the volume`);
    }
    files.push({ volume: name, path, bytes, mode: mode ?? 0o644 });
  }
  return { kind: "empty", isReadOnly: true };
}
