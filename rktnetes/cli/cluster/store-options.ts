/** Where state is kept, as flags say it. In: flags. Out: settings, checked for their form. Pure. */
import { Fault, quote } from "@shared/base";
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
  { name: "etcd-cafile", value: "FILE", usage: "signs the certificates of the etcd members" },
  { name: "etcd-certfile", value: "FILE", usage: "certificate that etcd is shown" },
  { name: "etcd-keyfile", value: "FILE", usage: "key of that certificate" },
  {
    name: "encryption-provider-config",
    value: "FILE",
    usage: "encrypts what this says; Secrets, with a key in the data directory, without it",
  },
];

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
  return {
    dataDirectory,
    datastore: flags.get("datastore") ?? "",
    etcdFiles: {
      authority: flags.get("etcd-cafile"),
      certificate: flags.get("etcd-certfile"),
      key: flags.get("etcd-keyfile"),
    },
    encryptionFile: flags.get("encryption-provider-config"),
  };
}
