/** Where state is kept, as flags say it. In: flags. Out: settings, checked for their form. Pure. */
import { Fault, parseDuration, quote } from "@shared/base";
import type { Flag, FlagValues } from "../flags/flags.ts";

export const DATA_FLAG: Flag = {
  name: "data-dir",
  value: "DIR",
  usage: "keeps keys and the store there",
  initial: "/var/lib/rktnetes",
};

export const STORE_FLAGS: readonly Flag[] = [
  DATA_FLAG,
  {
    name: "datastore",
    value: "KIND",
    usage: "keeps state in sqlite (in the data directory), memory, or etcd=URL,URL",
    initial: "sqlite",
  },
  { name: "etcd-servers", value: "URLS", usage: "stands for --datastore=etcd=URLS" },
  { name: "etcd-cafile", value: "FILE", usage: "signs the certificates of the etcd members" },
  { name: "etcd-certfile", value: "FILE", usage: "certificate that etcd is shown" },
  { name: "etcd-keyfile", value: "FILE", usage: "key of that certificate" },
  {
    name: "encryption-provider-config",
    value: "FILE",
    usage: "encrypts what this says; Secrets, with a key in the data directory, without it",
  },
];

/** What of the past is kept, and for how long. */
export const UPKEEP_FLAGS: readonly Flag[] = [
  {
    name: "event-ttl",
    value: "DURATION",
    usage: "keeps events so long; 0 for ever",
    initial: "1h0m0s",
  },
  {
    name: "etcd-compaction-interval",
    value: "DURATION",
    usage: "forgets so often what was the past so long ago, in any store; 0 never",
    initial: "5m0s",
  },
];

export interface Upkeep {
  /** 0 for ever. */
  readonly eventTtlMs: number;
  /** 0 for never. */
  readonly compactionMs: number;
}

/** @throws {Fault} "invalid" */
export function readUpkeep(flags: FlagValues): Upkeep {
  return {
    eventTtlMs: durationIn(flags, "event-ttl"),
    compactionMs: durationIn(flags, "etcd-compaction-interval"),
  };
}

function durationIn(flags: FlagValues, name: string): number {
  const text = flags.get(name) ?? "";
  const why = `invalid argument ${quote(text)} for --${name}`;
  try {
    const ms = parseDuration(text);
    if (ms >= 0) return ms;
  } catch (error) {
    throw new Fault("invalid", why, { cause: error });
  }
  throw new Fault("invalid", `${why}: below 0`);
}

export interface EtcdFiles {
  readonly authority: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
}

export interface StoreSettings {
  readonly dataDirectory: string;
  /** What `--datastore` says: it names a kind of store. */
  readonly datastore: string;
  readonly etcdFiles: EtcdFiles;
  /** Of an EncryptionConfiguration. */
  readonly encryptionFile: string | undefined;
}

/** @throws {Fault} "invalid" */
export function readStoreSettings(flags: FlagValues): StoreSettings {
  const dataDirectory = flags.get("data-dir") ?? "";
  if (dataDirectory === "") {
    throw new Fault("invalid", `invalid argument ${quote("")} for --data-dir: not a directory`);
  }
  const servers = flags.get("etcd-servers");
  if (servers !== undefined && flags.has("datastore")) {
    throw new Fault("invalid", "read --etcd-servers: --datastore says where state is kept");
  }
  return {
    dataDirectory,
    datastore: servers === undefined ? (flags.get("datastore") ?? "") : `etcd=${servers}`,
    etcdFiles: {
      authority: flags.get("etcd-cafile"),
      certificate: flags.get("etcd-certfile"),
      key: flags.get("etcd-keyfile"),
    },
    encryptionFile: flags.get("encryption-provider-config"),
  };
}
