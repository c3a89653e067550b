/**
 * The store that `--datastore` names. In: the flag's text, the data directory. Out: an open store,
 * that nobody else on this machine writes to. @throws {Fault} "invalid" for a text that names none
 */
import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { Store } from "@rktnetes/apiserver/storage";
import { compactPeriodically } from "@rktnetes/apiserver/storage/compaction";
import { expireEvents } from "@rktnetes/apiserver/storage/expiry";
import type { EncryptedStore } from "@rktnetes/apiserver/storage/encryption";
import { describeFault, Fault, quote, systemClock } from "@shared/base";
import type { StoreSettings, Upkeep } from "./store-options.ts";

/** What the name of an etcd datastore begins with. */
const ETCD = "etcd=";

/** Leases and events are written all the time, and nobody reads their past. */
const BRIEF = ["/registry/coordination.k8s.io/leases/", "/registry/core/events/"];

/** The store with its values shown: Secrets lie encrypted in all but a memory store. */
export async function openStore(settings: StoreSettings): Promise<Store> {
  const store = await openRawStore(settings);
  if (settings.datastore === "memory" && settings.encryptionFile === undefined) return store;
  try {
    return await openEncrypted(store, settings);
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
}

/** The same store, with the encrypted values shown. */
export async function openEncrypted(
  store: Store,
  settings: StoreSettings,
): Promise<EncryptedStore> {
  const { EncryptedStore } = await import("@rktnetes/apiserver/storage/encryption");
  const { encryptionRules } = await import("./encryption-keys.ts");
  return new EncryptedStore(store, await encryptionRules(settings), randomBytes);
}

/** The store with its values as they lie on the disk. */
export async function openRawStore(settings: StoreSettings): Promise<Store> {
  const { datastore, dataDirectory } = settings;
  if (datastore === "memory") {
    const { MemoryStore } = await import("@rktnetes/apiserver/storage/memory");
    return new MemoryStore();
  }
  if (datastore === "sqlite") {
    const { SqliteStore } = await import("@rktnetes/apiserver/storage/sqlite");
    await lockStore(dataDirectory);
    return SqliteStore.open(storeFile(dataDirectory), { brief: BRIEF });
  }
  if (datastore.startsWith(ETCD)) return await openEtcd(datastore.slice(ETCD.length), settings);
  const hint = 'say "sqlite", "memory" or "etcd=URL,URL"';
  throw new Fault("invalid", `open the datastore ${quote(datastore)}: no such kind`, { hint });
}

async function openEtcd(urls: string, { etcdFiles }: StoreSettings): Promise<Store> {
  const { readMembers } = await import("@rktnetes/apiserver/storage/etcd/endpoints");
  const { EtcdStore } = await import("@rktnetes/apiserver/storage/etcd");
  const read = (file: string | undefined): string | undefined =>
    file === undefined ? undefined : readFileSync(file, "utf8");
  const { authority, certificate, key } = etcdFiles;
  const tls = { authority: read(authority), certificate: read(certificate), key: read(key) };
  return await EtcdStore.open(readMembers(urls, tls));
}

/** Old events are looked for as often as this, or as they get old. */
const EXPIRY_MS = 60_000;

/**
 * Forgets the past of the store every few minutes, and events that are old, until it is disposed
 * of.
 */
export function startUpkeep(store: Store, { compactionMs, eventTtlMs: ttlMs }: Upkeep): Disposable {
  const stop = new AbortController();
  const { signal } = stop;
  const failed = (error: unknown): void =>
    void process.stderr.write(`rktnetes: ${describeFault(error)}\n`);
  const upkeep = { clock: systemClock, signal, failed };
  if (compactionMs > 0) {
    void compactPeriodically(store, { ...upkeep, intervalMs: compactionMs });
  }
  if (ttlMs > 0) {
    void expireEvents(store, { ...upkeep, ttlMs, intervalMs: Math.min(EXPIRY_MS, ttlMs) });
  }
  return { [Symbol.dispose]: () => stop.abort() };
}

/** Where the SQLite store of a data directory is. */
export function storeFile(dataDirectory: string): string {
  return join(dataDirectory, "store", "state.db");
}

/** Held until the process ends. @throws {Fault} "precondition" when another process has it */
export async function lockStore(dataDirectory: string): Promise<void> {
  const { kernel } = await import("@shared/linux");
  const directory = join(dataDirectory, "store");
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Fault("denied", `make directory ${quote(directory)}`, { cause: error });
  }
  const descriptor = openSync(join(directory, "lock"), "a", 0o600);
  if (kernel.flock(descriptor, "exclusive", { wait: false })) return;
  closeSync(descriptor);
  const hint = "stop the server that runs there, or choose another directory with --data-dir";
  throw new Fault("precondition", `use the store in ${quote(directory)}: a server uses it`, {
    hint,
  });
}
