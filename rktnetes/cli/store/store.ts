/**
 * `rktnetes store …`: the first word says what is done with a store. In: the words after it. Out:
 * a line that says what was done, what is in the store where that was read, and the exit status.
 */
import process from "node:process";
import type { StoreSummary } from "@rktnetes/apiserver/storage/sqlite/verify";
import { Fault, quote } from "@shared/base";
import { lockStore, openEncrypted, openRawStore, storeFile } from "../cluster/open-store.ts";
import { DATA_FLAG, readStoreSettings, STORE_FLAGS } from "../cluster/store-options.ts";
import { type Flag, type FlagValues, helpOf, parseFlags } from "../flags/flags.ts";

interface Task {
  /** What stands after the name in help. */
  readonly words: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
  readonly run: (flags: FlagValues, file: string | undefined) => Promise<string>;
}

const ROOT = "/registry/";

const TASKS: Readonly<Record<string, Task>> = {
  snapshot: {
    words: "FILE",
    summary: "writes the state of this moment to a new file, also while a server runs",
    flags: [DATA_FLAG],
    run: snapshot,
  },
  restore: {
    words: "FILE",
    summary: "puts a snapshot in a data directory that has no store",
    flags: [DATA_FLAG],
    run: restore,
  },
  verify: {
    words: "[FILE]",
    summary: "reads all of a store, or of a snapshot, and says whether it is whole",
    flags: [DATA_FLAG],
    run: verify,
  },
  migrate: {
    words: "--to=KIND",
    summary: "copies all objects to an empty store of another kind",
    flags: [
      ...STORE_FLAGS,
      { name: "to", value: "KIND", usage: "copies there; --datastore says from where" },
    ],
    run: migrate,
  },
  encrypt: {
    words: "",
    summary: "writes what is not encrypted with the first key anew with it",
    flags: STORE_FLAGS,
    run: encrypt,
  },
};

export async function store(argv: readonly string[]): Promise<number> {
  const [name = "", ...rest] = argv;
  const task = Object.hasOwn(TASKS, name) ? TASKS[name] : undefined;
  if (name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(help());
    return 0;
  }
  if (task === undefined) {
    const hint = 'see "rktnetes store --help" for what there is';
    throw new Fault("invalid", `unknown command ${quote(`store ${name}`.trim())}`, { hint });
  }
  const isFile = rest[0] !== undefined && !rest[0].startsWith("-");
  const { flags, help: asked } = parseFlags(task.flags, isFile ? rest.slice(1) : rest);
  if (asked) {
    const usage = `usage: rktnetes store ${name} ${task.words} [flags]`;
    process.stdout.write(`${usage}\n\nFlags:\n${helpOf(task.flags)}\n`);
    return 0;
  }
  process.stdout.write(`rktnetes: ${await task.run(flags, isFile ? rest[0] : undefined)}\n`);
  return 0;
}

async function snapshot(flags: FlagValues, file: string | undefined): Promise<string> {
  const target = needed(file, "snapshot");
  const { snapshotStore } = await import("@rktnetes/apiserver/storage/sqlite/snapshot");
  const summary = snapshotStore(storeFile(dataDirectory(flags)), target);
  return `wrote ${quote(target)}: ${described(summary)}`;
}

async function restore(flags: FlagValues, file: string | undefined): Promise<string> {
  const from = needed(file, "restore");
  const { restoreStore } = await import("@rktnetes/apiserver/storage/sqlite/snapshot");
  await lockStore(dataDirectory(flags));
  const target = storeFile(dataDirectory(flags));
  return `restored ${quote(target)}: ${described(restoreStore(from, target))}`;
}

async function verify(flags: FlagValues, file: string | undefined): Promise<string> {
  const { verifyStore } = await import("@rktnetes/apiserver/storage/sqlite/verify");
  const checked = file ?? storeFile(dataDirectory(flags));
  return `${quote(checked)} is whole: ${described(verifyStore(checked))}`;
}

/** Values move as they lie on the disk: who has the keys needs no others. */
async function migrate(flags: FlagValues): Promise<string> {
  const settings = readStoreSettings(flags);
  const to = flags.get("to");
  if (to === undefined) throw new Fault("invalid", "missing flag: --to");
  if (to === settings.datastore) {
    throw new Fault("invalid", `migrate to ${quote(to)}: it is where the objects are`);
  }
  const { migrateStore } = await import("@rktnetes/apiserver/storage/migrate");
  await using source = await openRawStore(settings);
  await using target = await openRawStore({ ...settings, datastore: to });
  return `copied ${await migrateStore(source, target, ROOT)} objects to ${quote(to)}`;
}

async function encrypt(flags: FlagValues): Promise<string> {
  const settings = readStoreSettings(flags);
  await using raw = await openRawStore(settings);
  const shown = await openEncrypted(raw, settings);
  return `wrote ${await shown.rewrite()} objects anew`;
}

function dataDirectory(flags: FlagValues): string {
  return flags.get(DATA_FLAG.name) ?? "";
}

function needed(file: string | undefined, task: string): string {
  if (file !== undefined) return file;
  throw new Fault("invalid", `missing argument: rktnetes store ${task} FILE`);
}

function described({ revision, keys, writes, resources }: StoreSummary): string {
  const lines = resources.map(
    ([resource, count]) => `\n  ${String(count).padStart(7)} ${resource}`,
  );
  return `${keys} objects at revision ${revision}, ${writes} writes kept${lines.join("")}`;
}

function help(): string {
  const lines = Object.entries(TASKS).map(
    ([name, { words, summary }]) => `  ${`${name} ${words}`.padEnd(20)} ${summary}`,
  );
  return `usage: rktnetes store COMMAND [flags]\n\nCommands:\n${lines.join("\n")}\n`;
}
