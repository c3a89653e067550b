/**
 * What the store asks of etcd, as messages. In: keys, revisions, writes. Out: requests. Pure.
 *
 * @see https://etcd.io/docs/v3.5/learning/api/
 */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Entry, ListOptions, Revision, Write } from "../store.ts";
import type { Method } from "./etcd-client.ts";
import {
  CompactionRequestSchema,
  CompactionResponseSchema,
  type CompareSchema,
  type KeyValue,
  RangeRequestSchema,
  type RangeRequest,
  RangeResponseSchema,
  type RequestOpSchema,
  type TxnRequest,
  TxnRequestSchema,
  TxnResponseSchema,
  type WatchRequest,
  WatchRequestSchema,
} from "./generated/etcd_pb.ts";

export const RANGE: Method<typeof RangeRequestSchema, typeof RangeResponseSchema> = {
  path: "/etcdserverpb.KV/Range",
  request: RangeRequestSchema,
  response: RangeResponseSchema,
  repeatable: true,
};

export const TXN: Method<typeof TxnRequestSchema, typeof TxnResponseSchema> = {
  path: "/etcdserverpb.KV/Txn",
  request: TxnRequestSchema,
  response: TxnResponseSchema,
  repeatable: false,
};

export const COMPACT: Method<typeof CompactionRequestSchema, typeof CompactionResponseSchema> = {
  path: "/etcdserverpb.KV/Compact",
  request: CompactionRequestSchema,
  response: CompactionResponseSchema,
  repeatable: true,
};

/** As `clientv3` numbers them. */
const EQUAL = 0;
const MOD_REVISION = 2;
export const EVENT_DELETE = 1;

/** Stands for the first and for no last key. */
const NUL = new Uint8Array(1);

const bytes = (text: string): Uint8Array => Buffer.from(text);

export function rangeRequest(prefix: string, options: ListOptions): RangeRequest {
  const { after, limit = 0, revision = 0 } = options;
  const begins = after !== undefined && Buffer.compare(bytes(after), bytes(prefix)) >= 0;
  const key = begins ? Buffer.concat([bytes(after), NUL]) : prefix === "" ? NUL : bytes(prefix);
  const rangeEnd = endOf(bytes(prefix));
  return create(RangeRequestSchema, {
    key,
    rangeEnd,
    limit: BigInt(limit),
    revision: BigInt(revision),
  });
}

export function getRequest(key: string): RangeRequest {
  return create(RangeRequestSchema, { key: bytes(key) });
}

/** Asks for nothing but a revision: with one given, whether it can be read. */
export function revisionRequest(revision: Revision): RangeRequest {
  return create(RangeRequestSchema, { key: NUL, countOnly: true, revision: BigInt(revision) });
}

/** Does the writes if all keys are as expected; else reads the keys that were to be something. */
export function txnRequest(writes: readonly Write[]): TxnRequest {
  const expecting = writes.filter(({ expected }) => expected !== undefined);
  return create(TxnRequestSchema, {
    compare: expecting.map(comparison),
    success: writes.map(operation),
    failure: expecting.map(question),
  });
}

function comparison({ change, expected = 0 }: Write): MessageInitShape<typeof CompareSchema> {
  return {
    result: EQUAL,
    target: MOD_REVISION,
    key: bytes(change.key),
    targetUnion: { case: "modRevision", value: BigInt(expected) },
  };
}

function question({ change }: Write): MessageInitShape<typeof RequestOpSchema> {
  return { request: { case: "requestRange", value: { key: bytes(change.key) } } };
}

function operation({ change }: Write): MessageInitShape<typeof RequestOpSchema> {
  const key = bytes(change.key);
  if (change.type === "delete") return { request: { case: "requestDeleteRange", value: { key } } };
  return { request: { case: "requestPut", value: { key, value: change.value } } };
}

/** All keys after a revision: whoever watches a prefix learns of every commit. */
export function watchRequest(after: Revision): WatchRequest {
  const start = { key: NUL, rangeEnd: NUL, startRevision: BigInt(after) + 1n, prevKv: true };
  return create(WatchRequestSchema, { requestUnion: { case: "createRequest", value: start } });
}

export function entryOf({ key, value, modRevision }: KeyValue): Entry {
  return { key: Buffer.from(key).toString(), value, revision: Number(modRevision) };
}

/** The first key after all those with a prefix. */
function endOf(prefix: Uint8Array): Uint8Array {
  for (let at = prefix.length - 1; at >= 0; at--) {
    const byte = prefix[at] ?? 0xff;
    if (byte < 0xff) return Buffer.concat([prefix.subarray(0, at), Uint8Array.of(byte + 1)]);
  }
  return NUL;
}
