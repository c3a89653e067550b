/**
 * The container device interface: names such as `vendor.example/gpu=0` flow in; what the machine's
 * specifications say of them, as changes to an app's container, flows out.
 *
 * Specifications are written by root for programs that run as root, hooks among them.
 *
 * @see CDI SPEC.md 0.8, tags.cncf.io/container-device-interface
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type JsonObject,
  readList,
  readObject,
  readText,
  readTexts,
  type RuntimeHook,
  type RuntimeMount,
} from "@rkt/spec";
import { Fault, quote } from "@shared/base";

/** Where a later directory's device wins over that of an earlier one. */
const DIRECTORIES = ["/etc/cdi", "/var/run/cdi"];

/** A node to make in the app's /dev, in the form of `--device`: `HOST:APP:ACCESS`. */
export interface CdiEdits {
  readonly nodes: readonly string[];
  readonly mounts: readonly RuntimeMount[];
  /** `NAME=value`. */
  readonly environment: readonly string[];
  readonly hooks: readonly { readonly at: string; readonly hook: RuntimeHook }[];
  readonly groups: readonly number[];
}

interface Specification {
  readonly path: string;
  readonly kind: string;
  readonly devices: ReadonlyMap<string, CdiEdits>;
  /** Once for an app that gets any of the devices. */
  readonly common: CdiEdits;
}

/** All edits for these devices. @throws {Fault} "not-found" for a name that no file has */
export function cdiEdits(
  names: readonly string[],
  directories: readonly string[] = DIRECTORIES,
): CdiEdits {
  const specifications = directories.flatMap(readDirectory).reverse();
  const used = new Set<Specification>();
  const edits = names.map((name) => {
    const [kind = "", device = ""] = name.split("=");
    const found = specifications.find((each) => each.kind === kind && each.devices.has(device));
    if (found === undefined) {
      throw new Fault("not-found", `add device ${quote(name)}: no specification has it`, {
        hint: `Specifications lie in ${directories.join(" and ")}.`,
      });
    }
    used.add(found);
    return found.devices.get(device) ?? found.common;
  });
  return joined([...edits, ...[...used].map(({ common }) => common)]);
}

function joined(edits: readonly CdiEdits[]): CdiEdits {
  return {
    nodes: edits.flatMap(({ nodes }) => nodes),
    mounts: edits.flatMap(({ mounts }) => mounts),
    environment: edits.flatMap(({ environment }) => environment),
    hooks: edits.flatMap(({ hooks }) => hooks),
    groups: edits.flatMap(({ groups }) => groups),
  };
}

function readDirectory(directory: string): Specification[] {
  return namesIn(directory)
    .filter((name) => /\.(json|ya?ml)$/.test(name))
    .sort()
    .map((name) => readSpecification(join(directory, name)));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (Fault.from(error).kind === "not-found") return [];
    throw error;
  }
}

/** JSON is YAML too. */
function readSpecification(path: string): Specification {
  try {
    const document = readObject(Bun.YAML.parse(readFileSync(path, "utf8")), "specification");
    const devices = readList(document["devices"], "devices", (value, place) => {
      const device = readObject(value, place);
      const name = readText(device["name"], `${place}.name`) ?? "";
      return [name, readEdits(device["containerEdits"], `${place}.containerEdits`)] as const;
    });
    return {
      path,
      kind: readText(document["kind"], "kind") ?? "",
      devices: new Map(devices),
      common: readEdits(document["containerEdits"], "containerEdits"),
    };
  } catch (cause) {
    throw new Fault("invalid", `read device specification ${quote(path)}`, { cause });
  }
}

function readEdits(value: unknown, place: string): CdiEdits {
  const edits = readObject(value ?? {}, place);
  const list = <T>(field: string, read: (item: JsonObject, at: string) => T): T[] =>
    readList(edits[field], `${place}.${field}`, (each, at) => read(readObject(each, at), at)) ?? [];
  const groups = readList(edits["additionalGids"], `${place}.additionalGids`, (each, at) => {
    if (typeof each === "number" && Number.isInteger(each) && each >= 0) return each;
    throw new Fault("invalid", `read ${quote(at)}: want a group id`);
  });
  return {
    nodes: list("deviceNodes", readNode),
    mounts: list("mounts", readCdiMount),
    environment: readTexts(edits["env"], `${place}.env`) ?? [],
    hooks: list("hooks", readHook),
    groups: groups ?? [],
  };
}

function readNode(node: JsonObject, place: string): string {
  const path = readText(node["path"], `${place}.path`) ?? "";
  const source = readText(node["hostPath"], `${place}.hostPath`) ?? path;
  const access = readText(node["permissions"], `${place}.permissions`) ?? "rw";
  return `${source}:${path}:${access}`;
}

function readCdiMount(mount: JsonObject, place: string): RuntimeMount {
  const options = readTexts(mount["options"], `${place}.options`) ?? ["rbind", "ro"];
  return {
    source: readText(mount["hostPath"], `${place}.hostPath`) ?? "",
    destination: readText(mount["containerPath"], `${place}.containerPath`) ?? "",
    type: readText(mount["type"], `${place}.type`) ?? "bind",
    options: options.some((each) => each === "bind" || each === "rbind")
      ? options
      : ["rbind", ...options],
  };
}

function readHook(hook: JsonObject, place: string): CdiEdits["hooks"][number] {
  const args = readTexts(hook["args"], `${place}.args`);
  const env = readTexts(hook["env"], `${place}.env`);
  return {
    at: readText(hook["hookName"], `${place}.hookName`) ?? "",
    hook: {
      path: readText(hook["path"], `${place}.path`) ?? "",
      ...(args !== undefined && { args }),
      ...(env !== undefined && { env }),
      ...(typeof hook["timeout"] === "number" && { timeout: hook["timeout"] }),
    },
  };
}
