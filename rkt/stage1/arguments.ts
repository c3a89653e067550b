/**
 * The arguments that stage0 hands to an entrypoint, back as a type. The other side of
 * `contract.ts`. Pure.
 */
import { Fault, quote } from "@shared/base";
import {
  type AttachArguments,
  ENDPOINTS,
  type EnterOptions,
  parseUserRange,
  type RunArguments,
} from "./contract.ts";

/** @throws {Fault} "invalid" for an option that interface version 6 does not have */
export function parseRunArguments(argv: readonly string[]): RunArguments {
  const options = new Map<string, string>();
  const words: string[] = [];
  for (const word of argv) {
    if (!word.startsWith("--")) words.push(word);
    else {
      const [name, value] = splitOnce(word.slice(2));
      options.set(name, value ?? "true");
    }
  }
  const known = new Set(RUN_OPTIONS);
  for (const name of options.keys()) {
    if (!known.has(name)) throw new Fault("invalid", `read arguments: unknown option "--${name}"`);
  }
  const users = options.get("private-users");
  const mdsToken = options.get("mds-token");
  const flag = (name: string): boolean => options.get(name) === "true";
  return {
    uuid: words[0] ?? "",
    debug: flag("debug"),
    net: options.get("net") ?? "default",
    interactive: flag("interactive"),
    ...(mdsToken !== undefined && { mdsToken }),
    hostname: options.get("hostname") ?? "",
    localConfig: options.get("local-config") ?? "/etc/rkt",
    mutable: flag("mutable"),
    ...(users !== undefined && { privateUsers: parseUserRange(users) }),
    ipc: parseIpc(options.get("ipc") ?? "auto"),
    disableCapabilitiesRestriction: flag("disable-capabilities-restriction"),
    disablePaths: flag("disable-paths"),
    disableSeccomp: flag("disable-seccomp"),
    dnsConfMode: options.get("dns-conf-mode") ?? "resolv=default,hosts=default",
  };
}

const RUN_OPTIONS = [
  "debug",
  "net",
  "interactive",
  "hostname",
  "local-config",
  "mutable",
  "ipc",
  "disable-capabilities-restriction",
  "disable-paths",
  "disable-seccomp",
  "dns-conf-mode",
  "private-users",
  "mds-token",
] as const as readonly string[];

function parseIpc(text: string): RunArguments["ipc"] {
  if (text === "auto" || text === "private" || text === "parent") return text;
  if (text === "") return "auto";
  throw new Fault("invalid", `unknown value for --ipc parameter: ${text}`);
}

/** Who writes resolv.conf, and who writes hosts. */
export interface DnsConfMode {
  readonly resolv: "host" | "stage0" | "none" | "default";
  readonly hosts: "host" | "stage0" | "default";
}

/** `resolv=(host|stage0|none|default),hosts=(host|stage0|default)` → its two halves. */
export function parseDnsConfMode(text: string): DnsConfMode {
  const pairs = new Map(text.split(",").map((pair) => splitOnce(pair) as [string, string]));
  const resolv = pairs.get("resolv") ?? "default";
  const hosts = pairs.get("hosts") ?? "default";
  if (
    (resolv === "host" || resolv === "stage0" || resolv === "none" || resolv === "default") &&
    (hosts === "host" || hosts === "stage0" || hosts === "default")
  ) {
    return { resolv, hosts };
  }
  throw new Fault("invalid", `read arguments: unknown dns mode ${quote(text)}`);
}

/** What `enter` is asked to do. */
export interface EnterArguments extends EnterOptions {
  readonly pid: number;
  readonly app: string;
  readonly command: readonly string[];
}

/** The other side of `enterArgv`. */
export function parseEnterArguments(argv: readonly string[]): EnterArguments {
  const end = argv.indexOf("--");
  const words = argv.slice(0, end === -1 ? argv.length : end).map(splitOnce);
  const options = new Map(words.map(([name, value = ""]) => [name, value]));
  return {
    user: options.get("--user") ?? "",
    workingDirectory: options.get("--cwd") ?? "",
    environment: words.flatMap(([name, value = ""]) => (name === "--env" ? [value] : [])),
    unconfined: options.has("--unconfined"),
    pid: Number(options.get("--pid") ?? Number.NaN),
    app: options.get("--appname") ?? "",
    command: end === -1 ? [] : argv.slice(end + 1),
  };
}

/** What an `app/…` entrypoint is asked to do. */
export interface AppArguments {
  readonly app: string;
  /** Undefined for stage1's own measure. */
  readonly graceMs: number | undefined;
}

/** The other side of `appArgv`. */
export function parseAppArguments(argv: readonly string[]): AppArguments {
  const options = new Map(argv.map((word) => splitOnce(word) as [string, string]));
  const graceMs = options.get("--grace-ms");
  return {
    app: options.get("--app") ?? "",
    graceMs: graceMs === undefined ? undefined : Number(graceMs),
  };
}

/** The other side of `attachArgv`. @throws {Fault} "invalid" */
export function parseAttachArguments(argv: readonly string[]): AttachArguments {
  const options = new Map(argv.map((word) => splitOnce(word) as [string, string]));
  const end = {
    app: options.get("--app") ?? "",
    detachKeys: options.get("--detach-keys") ?? "",
  };
  switch (options.get("--action")) {
    case "list":
      return { ...end, endpoints: "list" };
    case "auto-attach":
      return { ...end, endpoints: "auto" };
    case "custom-attach":
      return { ...end, endpoints: ENDPOINTS.filter((each) => options.get(`--${each}`) === "true") };
    default:
      throw new Fault("invalid", "read arguments: no action is given");
  }
}

function splitOnce(text: string): [string, string?] {
  const at = text.indexOf("=");
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
