/**
 * The store in an etcd cluster, that other servers may share. In: commits, each a transaction of
 * etcd. Out: entries, states of the past, events. Every read is linearizable.
 *
 * All writes of a commit have the same revision.
 */
import { create } from "@bufbuild/protobuf";
import { Fault } from "@shared/base";
import type {
  CommitResult,
  Entry,
  EventBatch,
  ListOptions,
  Page,
  Revision,
  Store,
  WatchOptions,
  Write,
} from "../store.ts";
import type { EtcdMembers } from "./endpoints.ts";
import { EtcdClient } from "./etcd-client.ts";
import { watchAll } from "./etcd-watch.ts";
import {
  CompactionRequestSchema,
  type ResponseHeader,
  type TxnResponse,
} from "./generated/etcd_pb.ts";
import {
  COMPACT,
  entryOf,
  getRequest,
  RANGE,
  rangeRequest,
  revisionRequest,
  TXN,
  txnRequest,
} from "./requests.ts";

/** etcd takes 128 operations in a transaction. */
const WRITES_MAX = 120;

/** The objects of a cluster in etcd. Faults: "unavailable" and "timeout" when no member answers. */
export class EtcdStore implements Store {
  readonly writesMax: number = WRITES_MAX;
  readonly #client: EtcdClient;
  /** As far as this process has compacted. */
  #compacted: Revision = 0;
  readonly #stop = new AbortController();

  private constructor(client: EtcdClient) {
    this.#client = client;
  }

  /** @throws {Fault} "unavailable" when no member answers */
  static async open(members: EtcdMembers): Promise<EtcdStore> {
    const store = new EtcdStore(new EtcdClient(members));
    try {
      await store.currentRevision();
      return store;
    } catch (error) {
      await store[Symbol.asyncDispose]();
      throw error;
    }
  }

  async currentRevision(): Promise<Revision> {
    return revisionOf(await this.#client.call(RANGE, revisionRequest(0)));
  }

  async get(key: string): Promise<Entry | undefined> {
    const { kvs } = await this.#client.call(RANGE, getRequest(key));
    return kvs[0] === undefined ? undefined : entryOf(kvs[0]);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Page> {
    const answer = await this.#client.call(RANGE, rangeRequest(prefix, options));
    const entries = answer.kvs.map(entryOf);
    const revision = options.revision ?? revisionOf(answer);
    return { entries, revision, remaining: Number(answer.count) - entries.length };
  }

  async commit(writes: readonly Write[]): Promise<CommitResult> {
    if (writes.length > WRITES_MAX) {
      throw new Fault("invalid", `write to etcd: ${writes.length} writes in one commit`);
    }
    const answer = await this.#client.call(TXN, txnRequest(writes));
    if (!answer.succeeded) return conflictOf(writes, answer);
    const revision = revisionOf(answer);
    return { done: true, revisions: writes.map(() => revision) };
  }

  async *watch(prefix: string, { after, signal }: WatchOptions): AsyncGenerator<EventBatch> {
    await this.#client.call(RANGE, revisionRequest(after));
    const either = AbortSignal.any([signal, this.#stop.signal]);
    for await (const { events, revision } of watchAll(this.#client, after, either)) {
      const mine = events.filter(({ change }) => change.key.startsWith(prefix));
      yield { events: mine, revision };
      if (either.aborted) return;
      if (revision < this.#compacted) throw lost(revision, this.#compacted);
    }
  }

  async compact(before: Revision): Promise<void> {
    const revision = Math.min(before, await this.currentRevision());
    try {
      const request = create(CompactionRequestSchema, { revision: BigInt(revision) });
      await this.#client.call(COMPACT, request);
    } catch (error) {
      // Another server was faster.
      if (!(error instanceof Fault) || error.kind !== "expired") throw error;
    }
    this.#compacted = Math.max(this.#compacted, revision);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#client.close();
    return Promise.resolve();
  }
}

/** The first key that was not as expected. */
function conflictOf(writes: readonly Write[], { responses }: TxnResponse): CommitResult {
  const expecting = writes.filter(({ expected }) => expected !== undefined);
  for (const [at, { change, expected }] of expecting.entries()) {
    const response = responses[at]?.response;
    const found = response?.case === "responseRange" ? response.value.kvs[0] : undefined;
    const current = found === undefined ? undefined : entryOf(found);
    if ((current?.revision ?? 0) !== expected) return { done: false, key: change.key, current };
  }
  throw new Fault("internal", "write to etcd: it refused what was as expected");
}

function revisionOf({ header }: { readonly header?: ResponseHeader | undefined }): Revision {
  if (header === undefined) throw new Fault("corrupt", "ask etcd: the answer has no revision");
  return Number(header.revision);
}

function lost(revision: Revision, compacted: Revision): Fault {
  return new Fault(
    "expired",
    `read revision ${revision}: states before ${compacted} are forgotten`,
  );
}
