/**
 * Calls to an etcd cluster: one member at a time, another one when that does not answer. In:
 * messages. Out: answers, or a fault that says what became of the call. Never sends a write again
 * that may have been done.
 */
import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import {
  type ClientDuplexStream,
  ChannelCredentials,
  Client,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { Fault, systemClock } from "@shared/base";
import type { EtcdMembers, EtcdTls } from "./endpoints.ts";
import { type WatchRequest, WatchRequestSchema, type WatchResponse } from "./generated/etcd_pb.ts";
import { WatchResponseSchema } from "./generated/etcd_pb.ts";

/** A member that has not answered by then is left for another one. */
const CALL_MS = 5000;

/** Each member is asked so often before the call fails. */
const ROUNDS = 3;
const PAUSE_MS = 100;

const OPTIONS = {
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
  // Notices that a member was cut off, also while nothing is asked.
  "grpc.keepalive_time_ms": 5000,
  "grpc.keepalive_timeout_ms": 2000,
  "grpc.keepalive_permit_without_calls": 1,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1000,
};

/** One kind of call. */
export interface Method<Request extends DescMessage, Response extends DescMessage> {
  /** `/etcdserverpb.KV/Range` */
  readonly path: string;
  readonly request: Request;
  readonly response: Response;
  /** Doing it twice is the same as doing it once. */
  readonly repeatable: boolean;
}

export type WatchCall = ClientDuplexStream<WatchRequest, WatchResponse>;

export class EtcdClient {
  readonly #members: readonly Client[];
  #at = 0;
  #closed = false;

  constructor({ addresses, tls }: EtcdMembers) {
    this.#members = addresses.map((address) => {
      const host = /^\[?(.*?)\]?:\d+$/.exec(address)?.[1] ?? "";
      // A name that is shown to the member must not be an address.
      const named = isIP(host) === 0 ? {} : { "grpc.ssl_target_name_override": "etcd" };
      return new Client(address, credentialsFor(host, tls), { ...OPTIONS, ...named });
    });
  }

  /** @throws {Fault} "unavailable", "timeout" or, in etcd's words, what it refused */
  async call<Request extends DescMessage, Response extends DescMessage>(
    method: Method<Request, Response>,
    message: MessageShape<Request>,
  ): Promise<MessageShape<Response>> {
    for (let attempt = 1; ; attempt++) {
      const at = this.#at;
      try {
        return await this.#ask(method, message);
      } catch (error) {
        const { code, details } = error as ServiceError;
        const mayRepeat = isRefusal(code, details) || (method.repeatable && isSilence(code));
        if (isSilence(code)) this.leave(at);
        if (this.#closed || !mayRepeat || attempt >= ROUNDS * this.#members.length) {
          throw faultOf(error as ServiceError, mayRepeat);
        }
        if (attempt % this.#members.length === 0) await systemClock.sleep(PAUSE_MS * attempt);
      }
    }
  }

  /** A stream of events from the present member; ends when that loses its leader. */
  watch(): { readonly call: WatchCall; readonly member: number } {
    const metadata = new Metadata();
    metadata.set("hasleader", "true");
    const call = this.#member().makeBidiStreamRequest(
      "/etcdserverpb.Watch/Watch",
      (message: WatchRequest) => Buffer.from(toBinary(WatchRequestSchema, message)),
      (bytes: Buffer) => fromBinary(WatchResponseSchema, bytes),
      metadata,
      {},
    );
    return { call, member: this.#at };
  }

  /** Goes on with the next member, unless somebody has done so already. */
  leave(member: number): void {
    if (this.#at === member) this.#at = (member + 1) % this.#members.length;
  }

  close(): void {
    this.#closed = true;
    for (const member of this.#members) member.close();
  }

  #ask<Request extends DescMessage, Response extends DescMessage>(
    { path, request, response }: Method<Request, Response>,
    message: MessageShape<Request>,
  ): Promise<MessageShape<Response>> {
    return new Promise((resolve, reject) => {
      this.#member().makeUnaryRequest(
        path,
        (value: MessageShape<Request>) => Buffer.from(toBinary(request, value)),
        (bytes: Buffer) => fromBinary(response, bytes),
        message,
        new Metadata(),
        { deadline: systemClock.now() + CALL_MS },
        (error, answer) => {
          if (error !== null) reject(error);
          else if (answer === undefined) reject(new Fault("unavailable", "ask etcd: no answer"));
          else resolve(answer);
        },
      );
    });
  }

  #member(): Client {
    const member = this.#members[this.#at];
    if (member === undefined) throw new Fault("invalid", "ask etcd: there are no members");
    return member;
  }
}

/** The member's certificate must be one for its host, by whatever name it was asked. */
function credentialsFor(host: string, tls: EtcdTls | undefined): ChannelCredentials {
  if (tls === undefined) return ChannelCredentials.createInsecure();
  const pem = (text: string | undefined): Buffer | null =>
    text === undefined ? null : Buffer.from(text);
  return ChannelCredentials.createSsl(pem(tls.authority), pem(tls.key), pem(tls.certificate), {
    checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
  });
}

/** Nobody can tell what became of the call. */
function isSilence(code: status): boolean {
  return (
    code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED || code === status.UNKNOWN
  );
}

/** The call was not begun: no connection, or a member without a leader. */
function isRefusal(code: status, details: string): boolean {
  if (code !== status.UNAVAILABLE) return false;
  return /No connection established|ECONNREFUSED|EHOSTUNREACH|no leader/.test(details);
}

const UNSURE = "it may have been done: read before you try again";

function faultOf(error: ServiceError, isSure: boolean): Fault {
  if (error instanceof Fault) return error;
  const { code } = error;
  const details = error.details.replace(/( \([\dT:.Z-]+\))?\. Resolution note: $/, "");
  const isLate = code === status.DEADLINE_EXCEEDED;
  if (isSilence(code)) {
    const options = isSure ? {} : { hint: UNSURE };
    return new Fault(isLate ? "timeout" : "unavailable", `ask etcd: ${details}`, options);
  }
  if (details.includes("has been compacted")) return new Fault("expired", `ask etcd: ${details}`);
  if (code === status.OUT_OF_RANGE) return new Fault("invalid", `ask etcd: ${details}`);
  const isFull = code === status.RESOURCE_EXHAUSTED;
  const isDenied = code === status.PERMISSION_DENIED || code === status.UNAUTHENTICATED;
  const kind = isFull ? "exhausted" : isDenied ? "denied" : "internal";
  return new Fault(kind, `ask etcd: ${details}`);
}
