/**
 * The store that `--datastore` names. In: the flag's text. Out: an open store. @throws {Fault}
 * "invalid" for a text that names none
 */
import type { Store } from "@rktnetes/apiserver/storage";
import { MemoryStore } from "@rktnetes/apiserver/storage/memory";
import { Fault, quote } from "@shared/base";

export function openStore(datastore: string, _dataDirectory: string): Promise<Store> {
  if (datastore === "memory") return Promise.resolve(new MemoryStore());
  const hint = 'say "memory"';
  throw new Fault("invalid", `open the datastore ${quote(datastore)}: no such kind`, { hint });
}
