/**
 * The configuration of an OCI image that is being built. In: the configuration of an earlier image,
 * or nothing, and changes; out: a configuration. Fields that it does not know stay as they are.
 * Pure.
 *
 * @see OCI image-spec 1.1, config.md
 */
import type { NameValue, OciDescriptor, OciDigest, Platform } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import type { Change, Edit } from "./edit.ts";

/** A JSON object whose other fields are kept. */
export type Json = Readonly<Record<string, unknown>>;

/** An OCI image so far. */
export interface OciDraft {
  /** Empty until it is set: the name under which the image is written. */
  readonly tag: string;
  readonly config: Json;
  readonly annotations: Readonly<Record<string, string>>;
  /** As fetched or written, bottom first, with the digests of what they hold. */
  readonly layers: readonly { readonly descriptor: OciDescriptor; readonly diffId: OciDigest }[];
}

export function newDraft({ os, architecture, variant }: Platform): OciDraft {
  const platform = { architecture, os, ...(variant !== undefined && { variant }) };
  return { tag: "", config: platform, annotations: {}, layers: [] };
}

/** The draft with the change. @throws {Fault} "unsupported" for what OCI has no word for */
export function editDraft(draft: OciDraft, edit: Edit): OciDraft {
  switch (edit.kind) {
    case "set-name":
    case "set-tag":
      return { ...draft, tag: edit.kind === "set-tag" ? edit.tag : edit.name };
    case "annotation":
      return { ...draft, annotations: changedMap(draft.annotations, edit) };
    case "label":
      return { ...draft, config: changedLabel(draft.config, edit) };
    default:
      return withProcess(draft, changedProcess(processOf(draft.config), edit));
  }
}

function withProcess(draft: OciDraft, process: Json): OciDraft {
  return { ...draft, config: { ...draft.config, config: process } };
}

function processOf(config: Json): Json {
  const { config: process } = config;
  return typeof process === "object" && process !== null ? (process as Json) : {};
}

/** The platform has fields of its own. */
function changedLabel(config: Json, edit: Change<"label", NameValue>): Json {
  if ("add" in edit && edit.add.name === "os") return { ...config, os: edit.add.value };
  if ("add" in edit && edit.add.name === "arch") return { ...config, architecture: edit.add.value };
  const process = processOf(config);
  const labels = changedMap(textMap(process["Labels"]), edit);
  return { ...config, config: { ...process, Labels: labels } };
}

type ProcessEdit = Exclude<Edit, { kind: "set-name" | "set-tag" | "annotation" | "label" }>;

function changedProcess(process: Json, edit: ProcessEdit): Json {
  switch (edit.kind) {
    case "set-exec":
      return { ...without(process, "Cmd"), Entrypoint: edit.exec };
    case "set-user":
      return { ...process, User: joinUser(edit.user, userParts(process)[1]) };
    case "set-group":
      return { ...process, User: joinUser(userParts(process)[0] || "0", edit.group) };
    case "set-working-directory":
      return { ...process, WorkingDir: edit.path };
    case "environment":
      return { ...process, Env: changedEnvironment(process["Env"], edit) };
    case "port":
      return { ...process, ExposedPorts: changedSet(process["ExposedPorts"], edit, portText) };
    case "mount":
      return { ...process, Volumes: changedSet(process["Volumes"], edit, ({ path }) => path) };
    default:
      throw new Fault("unsupported", `${edit.kind}: an OCI image has no such thing`);
  }
}

function without(record: Json, name: string): Json {
  const { [name]: _gone, ...rest } = record;
  return rest;
}

function userParts(process: Json): [string, string] {
  const { User: user } = process;
  const [name = "", group = ""] = typeof user === "string" ? user.split(":") : [];
  return [name, group];
}

function joinUser(user: string, group: string): string {
  return group === "" ? user : `${user}:${group}`;
}

function changedEnvironment(value: unknown, edit: Change<"environment", NameValue>): string[] {
  const entries = Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
  const map = Object.fromEntries(
    entries.map((entry): [string, string] => {
      const equals = entry.indexOf("=");
      return equals < 0 ? [entry, ""] : [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
  return Object.entries(changedMap(map, edit)).map(([name, text]) => `${name}=${text}`);
}

function portText({
  port,
  protocol,
}: {
  readonly port: number;
  readonly protocol: string;
}): string {
  return `${port}/${protocol}`;
}

/** A set is an object with empty values; what is removed is named as it stands there. */
function changedSet<T>(
  value: unknown,
  edit: Change<string, T>,
  textOf: (element: T) => string,
): Json {
  const set = typeof value === "object" && value !== null ? (value as Json) : {};
  if ("add" in edit) return { ...set, [textOf(edit.add)]: {} };
  if (edit.remove in set) return without(set, edit.remove);
  throw new Fault("not-found", `remove ${edit.kind} ${quote(edit.remove)}: there is none such`);
}

function changedMap(
  map: Readonly<Record<string, string>>,
  edit: Change<string, NameValue>,
): Record<string, string> {
  if ("add" in edit) return { ...map, [edit.add.name]: edit.add.value };
  if (edit.remove in map) return without(map, edit.remove) as Record<string, string>;
  throw new Fault("not-found", `remove ${edit.kind} ${quote(edit.remove)}: there is none such`);
}

function textMap(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  const entries = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return Object.fromEntries(entries);
}
