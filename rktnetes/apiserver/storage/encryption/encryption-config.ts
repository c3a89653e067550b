/**
 * Which keys encrypt the values of which resources: the EncryptionConfiguration of Kubernetes. In:
 * what its file holds, as a tree. Out: rules, the first that fits a key of the store counts. Pure.
 *
 * @see https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/
 */
import { Fault, quote } from "@shared/base";

/** How a value is hidden, and with what. */
export interface CipherKey {
  readonly cipher: "aesgcm" | "aescbc";
  readonly name: string;
  readonly secret: Uint8Array;
}

/** One entry of `resources`. */
export interface EncryptionRule {
  /** Of the keys of the store that the rule is about. */
  readonly prefixes: readonly string[];
  /** In the order of the file: the first one writes; "plain" for values as they are. */
  readonly providers: readonly (CipherKey | "plain")[];
}

type Tree = Readonly<Record<string, unknown>>;

/** @throws {Fault} "invalid" with what is wrong, "unsupported" for a provider that is not here */
export function readEncryptionConfig(tree: unknown): readonly EncryptionRule[] {
  const { kind, apiVersion, resources } = asTree(tree, "the configuration");
  const version = String(apiVersion);
  if (kind !== "EncryptionConfiguration" || !version.startsWith("apiserver.config.k8s.io/")) {
    const message = "read the encryption configuration: it is not an EncryptionConfiguration";
    throw new Fault("invalid", message);
  }
  const rules = asList(resources, "resources").map(readRule);
  if (rules.length === 0) throw wrong("resources: there are none");
  return rules;
}

function readRule(entry: unknown, at: number): EncryptionRule {
  const where = `resources[${at}]`;
  const { resources, providers } = asTree(entry, where);
  const names = asList(resources, `${where}.resources`).map(String);
  const read = asList(providers, `${where}.providers`).flatMap((each, index) =>
    readProvider(asTree(each, `${where}.providers[${index}]`), `${where}.providers[${index}]`),
  );
  if (read.length === 0) throw wrong(`${where}.providers: there are none`);
  return { prefixes: names.map(prefixOf), providers: read };
}

function readProvider(provider: Tree, where: string): readonly (CipherKey | "plain")[] {
  const [name = "", ...others] = Object.keys(provider);
  if (others.length > 0) throw wrong(`${where}: only one provider may stand in an entry`);
  if (name === "identity") return ["plain"];
  if (name !== "aesgcm" && name !== "aescbc") {
    const hint = 'there are "aesgcm", "aescbc" and "identity"';
    throw new Fault("unsupported", `use the encryption provider ${quote(name)}`, { hint });
  }
  const { keys } = asTree(provider[name], `${where}.${name}`);
  return asList(keys, `${where}.${name}.keys`).map((key, at) => {
    const { name: keyName, secret } = asTree(key, `${where}.${name}.keys[${at}]`);
    const bytes = Buffer.from(typeof secret === "string" ? secret : "", "base64");
    if (![16, 24, 32].includes(bytes.length)) {
      throw wrong(`${where}.${name}.keys[${at}].secret: not 16, 24 or 32 bytes in base64`);
    }
    if (typeof keyName !== "string" || keyName === "" || keyName.includes(":")) {
      throw wrong(`${where}.${name}.keys[${at}].name: needed, and without a colon`);
    }
    return { cipher: name, name: keyName, secret: bytes };
  });
}

/** `secrets`, `deployments.apps`, `*.apps`, `*.` (the core group), `*.*` as a prefix of keys. */
function prefixOf(resource: string): string {
  const dot = resource.indexOf(".");
  const name = dot === -1 ? resource : resource.slice(0, dot);
  const group = dot === -1 ? "" : resource.slice(dot + 1);
  if (group === "*") return "/registry/";
  const home = `/registry/${group === "" ? "core" : group}/`;
  return name === "*" ? home : `${home}${name}/`;
}

function asTree(value: unknown, where: string): Tree {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Tree;
  throw wrong(`${where}: not a map`);
}

function asList(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(`${where}: not a list`);
}

function wrong(detail: string): Fault {
  return new Fault("invalid", `read the encryption configuration: ${detail}`);
}
