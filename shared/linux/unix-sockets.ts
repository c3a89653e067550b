/** Local datagrams: one line to a program that may or may not listen, without ever waiting. */
import { closeSync } from "node:fs";
import { Fault, quote } from "@shared/base";
import { check, lastErrno, libc } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** `sun_path` with its zero byte. */
const PATH_BYTES_MAX = 108;

/** struct sockaddr_un. @throws {Fault} "invalid" for a path that is too long for the kernel */
export function unixAddress(path: string): Buffer {
  const isAbstract = path.startsWith("@");
  const name = Buffer.from(isAbstract ? `\0${path.slice(1)}` : `${path}\0`);
  if (name.length > PATH_BYTES_MAX) {
    throw new Fault("invalid", `name a socket ${quote(path)}: longer than 107 bytes`);
  }
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  return Buffer.concat([family, name]);
}

/** A socket for datagrams to whoever listens at `path`. */
export interface DatagramSender extends Disposable {
  /** False where it was not taken: nobody listens, or the receiver is behind. */
  send(bytes: Uint8Array): boolean;
}

/** Connects when something is sent, and again after the receiver was started anew. */
export function datagramsTo(path: string): DatagramSender {
  const address = unixAddress(path);
  let fd: number | undefined;
  const close = (): void => {
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  };
  const open = (): number | undefined => {
    const kind = SOCK_DGRAM | SOCK_CLOEXEC;
    fd = check(libc().socket(AF_UNIX, kind, 0), () => `make a socket for ${quote(path)}`);
    if (libc().connect(fd, address, address.length) === -1) close();
    return fd;
  };
  const sendOnce = (bytes: Uint8Array): "sent" | "behind" | "gone" => {
    const to = fd ?? open();
    if (to === undefined) return "gone";
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    if (libc().send(to, bytes, BigInt(bytes.length), flags) !== -1n) return "sent";
    const code = lastErrno();
    if (code !== "ECONNREFUSED" && code !== "ENOTCONN") return "behind";
    close();
    return "gone";
  };
  return {
    send: (bytes) => {
      const first = sendOnce(bytes);
      return (first === "gone" ? sendOnce(bytes) : first) === "sent";
    },
    [Symbol.dispose]: close,
  };
}

const MESSAGE_BYTES_MAX = 4096;

/** A socket at which anybody who may write to `path` leaves messages. */
export interface DatagramReceiver extends Disposable {
  /** The next message, cut at 4 KiB; undefined while there is none. */
  take(): Uint8Array | undefined;
}

/** Makes the socket. The path must be free; disposing leaves it there, with nobody who listens. */
export function datagramsAt(path: string): DatagramReceiver {
  const address = unixAddress(path);
  const action = (): string => `listen at ${quote(path)}`;
  const fd = check(libc().socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), action);
  check(libc().bind(fd, address, address.length), action);
  const room = Buffer.alloc(MESSAGE_BYTES_MAX);
  return {
    take: () => {
      const size = Number(libc().recv(fd, room, BigInt(room.length), MSG_DONTWAIT));
      return size < 0 ? undefined : Buffer.from(room.subarray(0, size));
    },
    [Symbol.dispose]: () => closeSync(fd),
  };
}
