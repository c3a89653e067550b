/** Local datagrams: one line to a program that may or may not listen, without ever waiting. */
import { closeSync } from "node:fs";
import { Fault, quote } from "@shared/base";
import { check, lastErrno, libc } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** `sun_path` with its zero byte. */
const PATH_BYTES_MAX = 108;

/** struct sockaddr_un. @throws {Fault} "invalid" for a path that is too long for the kernel */
export function unixAddress(path: string): Buffer {
  const name = Buffer.from(`${path}\0`);
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
