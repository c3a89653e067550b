/**
 * The configuration directories of rkt. In: the roots and the name of a directory in them, such as
 * `auth.d`; out: what its files say, by kind and key. Later roots override, key by key; inside one
 * directory a key may be said once. Symlinks and other names than `*.json` are not read.
 *
 * @see rkt Documentation/configuration.md
 */
import { type Dirent, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type JsonObject, readText } from "@rkt/spec";
import { Fault, quote } from "@shared/base";

/** One `rktKind`: what a file of it says, and how rkt words that it was said before. */
export interface ConfigKind<T> {
  readonly read: (document: JsonObject, path: string) => readonly (readonly [string, T])[];
  readonly repeated: (key: string) => string;
}

/** A kind of configuration directory, and the documents that may lie in it. */
export interface ConfigDirectory<T> {
  /** `auth.d` */
  readonly name: string;
  readonly kinds: Readonly<Record<string, ConfigKind<T>>>;
}

/** Everything that the roots say, the vendor's first. @throws {Fault} "invalid", "denied" */
export function readConfigTree<T>(
  roots: readonly string[],
  directory: ConfigDirectory<T>,
): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const root of roots) {
    for (const [key, value] of readDirectory(join(root, directory.name), directory)) {
      found.set(key, value);
    }
  }
  return found;
}

function readDirectory<T>(path: string, directory: ConfigDirectory<T>): Map<string, T> {
  const found = new Map<string, T>();
  for (const entry of entriesOf(path)) {
    if (!entry.isFile() || !entry.name.endsWith(".json")) continue;
    const { kind, values } = readFile(path, entry.name, directory);
    for (const [key, value] of values) {
      if (found.has(key)) throw new Fault("invalid", kind.repeated(key));
      found.set(key, value);
    }
  }
  return found;
}

function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (Fault.from(error).kind === "not-found") return [];
    throw error;
  }
}

interface ConfigFile<T> {
  readonly kind: ConfigKind<T>;
  readonly values: readonly (readonly [string, T])[];
}

function readFile<T>(path: string, name: string, directory: ConfigDirectory<T>): ConfigFile<T> {
  const file = join(path, name);
  const document = parseObject(readFileSync(file, "utf8"), file);
  const word = readText(document["rktKind"], "rktKind") ?? "";
  if (word === "") throw new Fault("invalid", `no rktKind specified in ${quote(file)}`);
  const version = readText(document["rktVersion"], "rktVersion") ?? "";
  if (version === "") throw new Fault("invalid", `no rktVersion specified in ${quote(file)}`);
  const { kinds } = directory;
  const kind = Object.hasOwn(kinds, word) ? kinds[word] : undefined;
  if (kind === undefined) {
    const expected = Object.keys(kinds).map(quote).join(", ");
    const place = `the configuration directory ${quote(path)}`;
    const wanted = `expects to have configuration files of kinds ${expected}`;
    throw new Fault("invalid", `${place} ${wanted}, but ${quote(name)} has kind of ${quote(word)}`);
  }
  if (version !== "v1") {
    const what = `configuration of kind ${quote(word)} and version ${quote(version)}`;
    throw new Fault("invalid", `no parser available for ${what}`);
  }
  return { kind, values: within(file, () => kind.read(document, file)) };
}

/** Faults in a file's content say which file it is, where the file has a shape at all. */
function within<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Fault("invalid", `read ${quote(file)}`, { cause });
  }
}

/** The object that a text is. @throws {Fault} "invalid" */
export function parseObject(text: string, path: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const problem = text.trim() === "" ? "it is empty" : "it is not JSON";
    throw new Fault("invalid", `read ${quote(path)}: ${problem}`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as JsonObject;
  }
  throw new Fault("invalid", `read ${quote(path)}: it is not a JSON object`);
}
