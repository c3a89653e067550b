/** The flags that every command takes, before or after its name and after its images. */
import { resolve } from "node:path";
import { Fault, quote } from "@shared/base";
import { type Flag, type FlagWords, plainFlag, switchFlag } from "../grammar/flag.ts";

/** What `--insecure-options` may name. The last three stand for several others. */
const OPTIONS = [
  "none",
  "image",
  "tls",
  "ondisk",
  "http",
  "pubkey",
  "capabilities",
  "paths",
  "seccomp",
  "all-fetch",
  "all-run",
  "all",
] as const;
export type InsecureOption = (typeof OPTIONS)[number];

const FETCH: readonly InsecureOption[] = ["image", "tls", "http", "pubkey"];
const RUN: readonly InsecureOption[] = ["capabilities", "paths", "seccomp"];
const MEANING: Partial<Record<InsecureOption, readonly InsecureOption[]>> = {
  none: [],
  "all-fetch": FETCH,
  "all-run": RUN,
  all: [...FETCH, ...RUN, "ondisk"],
};

export const debug: Flag<boolean> = switchFlag({
  name: "debug",
  usage: "print out more debug information to stderr",
});

export const dir: Flag<string> = directoryFlag(
  { name: "dir", usage: "rkt data directory" },
  "/var/lib/rkt",
);

export const insecureOptions: Flag<ReadonlySet<InsecureOption>> = {
  name: "insecure-options",
  usage:
    "comma-separated list of security features to disable. " +
    `Allowed values: ${OPTIONS.map(quote).join(", ")}`,
  shown: "none",
  initial: new Set(),
  read: readOptions,
};

export const localConfig: Flag<string> = directoryFlag(
  { name: "local-config", usage: "local configuration directory" },
  "/etc/rkt",
);

export const systemConfig: Flag<string> = directoryFlag(
  { name: "system-config", usage: "system configuration directory" },
  "/usr/lib/rkt",
);

export const trustKeysFromHttps: Flag<boolean> = switchFlag({
  name: "trust-keys-from-https",
  usage: "automatically trust gpg keys fetched from https",
});

export const userConfig: Flag<string> = directoryFlag(
  { name: "user-config", usage: "user configuration directory" },
  "",
);

/** The parser answers it itself; help shows it only to who asked for nothing. */
export const help: Flag<boolean> = {
  ...switchFlag({ name: "help", usage: "help for rkt" }),
  shorthand: "h",
};

/** In the order of help. */
export const GLOBAL_FLAGS: readonly Flag<unknown>[] = [
  debug,
  dir,
  insecureOptions,
  localConfig,
  systemConfig,
  trustKeysFromHttps,
  userConfig,
];

function directoryFlag(words: FlagWords, initial: string): Flag<string> {
  return { ...plainFlag(words, initial), read: readDirectory };
}

function readDirectory(text: string): string {
  if (text === "") throw new Fault("invalid", `"" is not a valid directory`);
  return resolve(text);
}

function readOptions(
  text: string,
  before: ReadonlySet<InsecureOption>,
): ReadonlySet<InsecureOption> {
  const named = new Set(before);
  for (const word of text === "" ? [] : text.split(",")) {
    const option = OPTIONS.find((each) => each === word);
    if (option === undefined) throw new Fault("invalid", `unknown option ${quote(word)}`);
    for (const meant of MEANING[option] ?? [option]) named.add(meant);
  }
  return named;
}
