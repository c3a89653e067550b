/**
 * What the configuration directories say of places and of the stage1: `paths.d` and `stage1.d`. The
 * directories flow in, what is said flows out; later ones override, word by word.
 *
 * @see rkt Documentation/configuration.md
 */
import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { type ConfigDirectory, readConfigTree } from "@rkt/image/config-tree";
import { type JsonObject, readText } from "@rkt/spec";
import { Fault } from "@shared/base";
import type { FlagValues } from "../grammar/flag.ts";
import { localConfig, systemConfig, userConfig } from "./global.ts";

/** Empty texts are not configured. */
export interface SiteDirectories {
  readonly data: string;
  readonly stage1Images: string;
}

export interface SiteStage1 {
  readonly name: string;
  readonly version: string;
  readonly location: string;
}

/** The configuration directories, the vendor's first: later ones override. */
export function configRootsOf(flags: FlagValues): readonly string[] {
  return [systemConfig, localConfig, userConfig]
    .map((flag) => flags.get(flag))
    .filter((root) => root !== "");
}

const PATHS: ConfigDirectory<string> = {
  name: "paths.d",
  kinds: {
    paths: {
      read: (document) => [
        ...absolute(document, "data", "data directory"),
        ...absolute(document, "stage1-images", "stage1 images directory"),
      ],
      repeated: (key) =>
        `${key === "data" ? "data" : "stage1 images"} directory is already specified`,
    },
  },
};

const STAGE1: ConfigDirectory<string> = {
  name: "stage1.d",
  kinds: {
    stage1: {
      read: (document) =>
        ["name", "version", "location"].flatMap((field) => textOf(document, field)),
      repeated: (key) =>
        key === "location"
          ? "default stage1 image location is already specified"
          : "default stage1 image name and version are already specified",
    },
  },
};

/** @throws {Fault} "cannot get configuration: …" */
export function siteDirectories(flags: FlagValues): SiteDirectories {
  const said = readTree(flags, PATHS);
  return { data: said.get("data") ?? "", stage1Images: said.get("stage1-images") ?? "" };
}

/** @throws {Fault} "cannot get configuration: …" */
export function siteStage1(flags: FlagValues): SiteStage1 {
  const said = readTree(flags, STAGE1);
  const [name = "", version = "", location = ""] = ["name", "version", "location"].map((field) =>
    said.get(field),
  );
  const problem = stage1Problem({ name, version, location });
  if (problem === undefined) return { name, version, location };
  throw new Fault("invalid", `cannot get configuration: invalid stage1 configuration: ${problem}`);
}

function stage1Problem({ name, version, location }: SiteStage1): string | undefined {
  if (name !== "" && version === "")
    return "default stage1 image name specified, but version is missing";
  if (name === "" && version !== "")
    return "default stage1 image version specified, but name is missing";
  if (location === "" || isAbsolute(location) || /^[a-z][a-z0-9+.-]*:/.test(location))
    return undefined;
  return "default stage1 image location is either a relative path or a URL without scheme";
}

/** Most sites configure neither: then nothing is read. */
function readTree(flags: FlagValues, directory: ConfigDirectory<string>): Map<string, string> {
  const roots = configRootsOf(flags).filter((root) => existsSync(join(root, directory.name)));
  try {
    return new Map(readConfigTree(roots, directory));
  } catch (cause) {
    throw new Fault(Fault.from(cause).kind, "cannot get configuration", { cause });
  }
}

function textOf(document: JsonObject, field: string): [string, string][] {
  const text = readText(document[field], field) ?? "";
  return text === "" ? [] : [[field, text]];
}

function absolute(document: JsonObject, field: string, what: string): [string, string][] {
  const said = textOf(document, field);
  if (said.every(([, path]) => isAbsolute(path))) return said;
  throw new Fault("invalid", `${what} must be an absolute path`);
}
