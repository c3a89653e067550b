/**
 * Netlink: messages to the kernel's network code and its answers, on a socket that stays in the
 * network namespace in which it was opened. Knows frames and attributes, not what they mean.
 *
 * The kernel works off a message before send(2) returns, so nothing here waits: an answer is there
 * at once or never.
 * @see netlink(7)
 */
import { closeSync, write } from "node:fs";
import { Fault } from "@shared/base";
import { check, errnoFault, errnoName, lastErrno, libc } from "./libc.ts";
import { inNamespace } from "./namespaces.ts";

/** The parts of the kernel that are spoken to. */
const PROTOCOL = { route: 0, netfilter: 12 } as const;

/** One message without its header. */
export interface NetlinkMessage {
  readonly type: number;
  /** Beside REQUEST, which is always set. */
  readonly flags: number;
  readonly body: Uint8Array;
  /** What it does, for the error: `add address "10.0.0.1/24"`. */
  readonly action: string;
  /** Names of errors that mean that there is nothing to do. */
  readonly mayFail?: readonly string[];
}

/** One answer without its header. */
export interface NetlinkAnswer {
  readonly type: number;
  readonly body: Buffer;
}

export const NETLINK_FLAG = {
  ack: 0x4,
  dump: 0x300,
  exclusive: 0x200,
  create: 0x400,
  append: 0x800,
} as const;

const REQUEST = 0x1;
/** Others changed what was listed meanwhile, so that an entry may be missing: ask again. */
const DUMP_INTERRUPTED = 0x10;
const MOST_ATTEMPTS = 50;
const HEADER = 16;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 0x80003;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const MSG_DONTWAIT = 0x40;

/** A conversation with one part of the kernel about one network namespace. */
export interface Netlink extends Disposable {
  /**
   * Sends all messages at once; each is carried out also when one before it failed.
   * @returns what the kernel answered, acknowledgements aside
   * @throws {Fault} of the first error, with its message's action
   */
  exchange(messages: readonly NetlinkMessage[]): NetlinkAnswer[];
  /**
   * The same from another thread, for what takes the kernel long: it waits for all processors to
   * let go of a link. One exchange at a time.
   */
  exchangeAside(messages: readonly NetlinkMessage[]): Promise<NetlinkAnswer[]>;
}

/** @param namespace path of a network namespace; the calling thread's own where it is left out */
export function openNetlink(protocol: keyof typeof PROTOCOL, namespace?: string): Netlink {
  const open = (): number =>
    check(libc().socket(AF_NETLINK, SOCK_RAW_CLOEXEC, PROTOCOL[protocol]), () => "open netlink");
  const fd = namespace === undefined ? open() : inNamespace(namespace, "net", open);
  const on = new Uint32Array([1]);
  for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK]) {
    libc().setsockopt(fd, SOL_NETLINK, option, on, 4); // old kernels say less about errors
  }
  let sequence = 0;
  const frameOf = (messages: readonly NetlinkMessage[]): { frame: Buffer; first: number } => {
    const first = sequence + 1;
    sequence += messages.length;
    return { frame: Buffer.concat(messages.map((each, at) => framed(each, first + at))), first };
  };
  return {
    exchange: (messages) => {
      for (let attempt = 1; ; attempt++) {
        const { frame, first } = frameOf(messages);
        check(libc().send(fd, frame, BigInt(frame.length), 0), () => messages[0]?.action ?? "ask");
        const { answers, interrupted } = readAnswers(fd, messages, first);
        if (!interrupted || attempt === MOST_ATTEMPTS) return answers;
      }
    },
    exchangeAside: async (messages) => {
      const { frame, first } = frameOf(messages);
      await writeAside(fd, frame);
      return readAnswers(fd, messages, first).answers;
    },
    [Symbol.dispose]: () => closeSync(fd),
  };
}

/** write(2) on a thread of the pool: the socket knows its namespace, the thread does not matter. */
function writeAside(fd: number, frame: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    write(fd, frame, (error) => (error === null ? resolve() : reject(error)));
  });
}

function framed({ type, flags, body }: NetlinkMessage, sequence: number): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(HEADER + body.length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(flags | REQUEST, 6);
  header.writeUInt32LE(sequence, 8);
  return Buffer.concat([header, padded(body)]);
}

/** All that there is to read, until every message that asks for it is acknowledged. */
function readAnswers(
  fd: number,
  messages: readonly NetlinkMessage[],
  first: number,
): { readonly answers: NetlinkAnswer[]; readonly interrupted: boolean } {
  const answers: NetlinkAnswer[] = [];
  let interrupted = false;
  const faults: Fault[] = [];
  const open = new Set<number>();
  for (const [index, { flags }] of messages.entries()) {
    if ((flags & (NETLINK_FLAG.ack | NETLINK_FLAG.dump)) !== 0) open.add(first + index);
  }
  for (const { type, flags, sequence, body } of receive(fd)) {
    const message = messages[sequence - first];
    if (message === undefined) continue; // of an exchange before this one
    interrupted ||= (flags & DUMP_INTERRUPTED) !== 0;
    if (type === NLMSG_ERROR || type === NLMSG_DONE) open.delete(sequence);
    if (type === NLMSG_ERROR) {
      const fault = faultOf(message, body);
      if (fault !== undefined) faults.push(fault);
    } else if (type !== NLMSG_DONE) answers.push({ type, body });
  }
  if (faults[0] !== undefined) throw faults[0];
  const [silent] = open;
  if (silent === undefined) return { answers, interrupted };
  throw new Fault("internal", `${messages[silent - first]?.action ?? "ask"}: no answer`);
}

interface Frame extends NetlinkAnswer {
  readonly flags: number;
  readonly sequence: number;
}

function* receive(fd: number): Generator<Frame> {
  const buffer = Buffer.alloc(65_536);
  for (;;) {
    const size = Number(libc().recv(fd, buffer, BigInt(buffer.length), MSG_DONTWAIT));
    if (size < 0) {
      const code = lastErrno();
      if (code === "EAGAIN") return;
      if (code === "EINTR") continue;
      throw errnoFault("read from netlink", code);
    }
    for (let at = 0; at + HEADER <= size; ) {
      const length = buffer.readUInt32LE(at);
      const body = Buffer.from(buffer.subarray(at + HEADER, at + length));
      const [type, flags] = [buffer.readUInt16LE(at + 4), buffer.readUInt16LE(at + 6)];
      yield { type, flags, sequence: buffer.readUInt32LE(at + 8), body };
      at += (length + 3) & ~3;
    }
  }
}

const NLMSGERR_ATTR_MSG = 1;

/**
 * Undefined for an acknowledgement. The kernel's own words come after errno's, where it has any.
 */
function faultOf(message: NetlinkMessage, body: Buffer): Fault | undefined {
  const number = -body.readInt32LE(0);
  const code = errnoName(number);
  if (number === 0 || message.mayFail?.includes(code) === true) return undefined;
  const words = readAttributes(body.subarray(4 + HEADER)).get(NLMSGERR_ATTR_MSG);
  const fault = errnoFault(message.action, code);
  if (words === undefined) return fault;
  return new Fault(fault.kind, `${fault.message} (${textOf(words)})`, { details: { errno: code } });
}

/** The value of an attribute: bytes, a text that C reads, a u32 in the machine's order, a list. */
export type AttributeValue = Uint8Array | string | number | readonly Attribute[];
export type Attribute = readonly [type: number, value: AttributeValue];

const NESTED = 0x8000;
const TYPE_MASK = 0x3fff;

export function encodeAttributes(attributes: readonly Attribute[]): Buffer {
  return Buffer.concat(attributes.map(([type, value]) => encodeAttribute(type, value)));
}

function encodeAttribute(type: number, value: AttributeValue): Buffer {
  const [bytes, mark] = encodeValue(value);
  const header = Buffer.alloc(4);
  header.writeUInt16LE(4 + bytes.length, 0);
  header.writeUInt16LE(type | mark, 2);
  return Buffer.concat([header, padded(bytes)]);
}

function encodeValue(value: AttributeValue): [Uint8Array, number] {
  if (typeof value === "string") return [Buffer.from(`${value}\0`), 0];
  if (typeof value === "number") return [u32(value), 0];
  return value instanceof Uint8Array ? [value, 0] : [encodeAttributes(value), NESTED];
}

/** The attributes of one level; of two of one type the last counts. */
export function readAttributes(bytes: Buffer): Map<number, Buffer> {
  return new Map(listAttributes(bytes));
}

/** The attributes of one level, in order. */
function listAttributes(bytes: Buffer): [type: number, value: Buffer][] {
  const attributes: [number, Buffer][] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < 4) break;
    const type = bytes.readUInt16LE(at + 2) & TYPE_MASK;
    attributes.push([type, bytes.subarray(at + 4, at + length)]);
    at += (length + 3) & ~3;
  }
  return attributes;
}

/** A text as C wrote it. */
export function textOf(bytes: Buffer): string {
  return bytes.toString("utf8").replace(/\0.*$/s, "");
}

/** In the machine's order. */
function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

/** In the network's order. */
export function be32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

function padded(bytes: Uint8Array): Uint8Array {
  const rest = bytes.length & 3;
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(4 - rest)]);
}
