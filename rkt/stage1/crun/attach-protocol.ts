/**
 * What is said on the socket of a pod to which clients attach: frames of one byte of kind, four
 * bytes of length, big endian, and as many bytes. Kinds 0 to 4 and 255 are the channels of
 * Kubernetes' remote commands. Pure.
 *
 * A client begins with one `call` and gets one `answer`; then frames go both ways until the server
 * ends with `status`.
 */
import type { TerminalSize } from "@shared/linux";
import { Fault } from "@shared/base";
import { ENDPOINTS, type Endpoint } from "../contract.ts";

/** Name of the socket in the pod directory. */
export const ATTACH_SOCKET = "attach.sock";

export const KIND = {
  stdin: 0,
  stdout: 1,
  stderr: 2,
  status: 3,
  resize: 4,
  call: 16,
  answer: 17,
} as const;

export interface Frame {
  readonly kind: number;
  readonly bytes: Buffer;
}

const HEAD_BYTES = 5;
/** More in one frame is no client of ours. */
const FRAME_BYTES_MAX = 1 << 20;

export function encodeFrame(kind: number, bytes: Uint8Array): Buffer {
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head.writeUInt8(kind, 0);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

export function encodeJson(kind: number, value: Call | Answer | Status | TerminalSize): Buffer {
  return encodeFrame(kind, Buffer.from(JSON.stringify(value)));
}

/** Cuts bytes into frames, however they arrive. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws {Fault} "invalid" for a frame that is too long */
  *add(chunk: Uint8Array): Generator<Frame> {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= HEAD_BYTES) {
      const length = this.#rest.readUInt32BE(1);
      if (length > FRAME_BYTES_MAX) throw new Fault("invalid", "read a frame: it is too long");
      const end = HEAD_BYTES + length;
      if (this.#rest.length < end) return;
      const frame = { kind: this.#rest.readUInt8(0), bytes: this.#rest.subarray(HEAD_BYTES, end) };
      this.#rest = this.#rest.subarray(end);
      yield frame;
    }
  }
}

export interface Call {
  readonly app: string;
  readonly endpoints: "list" | "auto" | readonly Endpoint[];
  /** Of the client's terminal. */
  readonly size?: TerminalSize | undefined;
}

/** The endpoints that are attached or listed, or why not. */
export type Answer = { readonly endpoints: readonly Endpoint[] } | { readonly error: string };

/** The app's exit status, or why the client was cut. */
export type Status = { readonly exit: number } | { readonly error: string };

/** @throws {Fault} "invalid" */
export function parseCall(bytes: Buffer): Call {
  const { app, endpoints, size } = parseObject(bytes);
  if (typeof app !== "string") throw new Fault("invalid", "read a call: it names no app");
  const end = { app, size: size === undefined ? undefined : sizeOf(size) };
  if (endpoints === "list" || endpoints === "auto") return { ...end, endpoints };
  if (!Array.isArray(endpoints)) throw new Fault("invalid", "read a call: no endpoints");
  return { ...end, endpoints: endpointsIn(endpoints) };
}

/** @throws {Fault} "invalid" */
export function parseAnswer(bytes: Buffer): Answer {
  const { endpoints, error } = parseObject(bytes);
  if (typeof error === "string") return { error };
  return { endpoints: endpointsIn(Array.isArray(endpoints) ? endpoints : []) };
}

/** @throws {Fault} "invalid" */
export function parseStatus(bytes: Buffer): Status {
  const { exit, error } = parseObject(bytes);
  if (typeof exit === "number") return { exit };
  return { error: typeof error === "string" ? error : "no reason was given" };
}

/** @throws {Fault} "invalid" */
export function parseSize(bytes: Buffer): TerminalSize {
  return sizeOf(parseObject(bytes));
}

function sizeOf(value: unknown): TerminalSize {
  const { columns, rows } = Object(value) as Readonly<Record<string, unknown>>;
  if (isLength(columns) && isLength(rows)) return { columns, rows };
  throw new Fault("invalid", "read the size of a terminal: no two numbers");
}

function isLength(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < 0x10000;
}

function endpointsIn(values: readonly unknown[]): readonly Endpoint[] {
  return ENDPOINTS.filter((each) => values.includes(each));
}

function parseObject(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // told below
  }
  throw new Fault("invalid", "read a frame: it holds no object");
}
