/**
 * Terminals: their size, raw mode, and the descriptor of one that another program made.
 *
 * In: descriptors. Out: sizes, descriptors, restored modes. Never opens the controlling terminal.
 */
import { closeSync } from "node:fs";
import { quote } from "@shared/base";
import { addressOf, check, errnoFault, lastErrno, libc } from "./libc.ts";
import { unixAddress } from "./unix-sockets.ts";

/** In characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

const TIOCGWINSZ = 0x5413n;
const TIOCSWINSZ = 0x5414n;

/** The size of a terminal; undefined where `fd` is none. */
export function terminalSize(fd: number): TerminalSize | undefined {
  const size = new Uint16Array(4);
  if (libc().ioctl(fd, TIOCGWINSZ, size) === -1) return undefined;
  const [rows = 0, columns = 0] = size;
  return { columns, rows };
}

/** To ask a stream of node's makes the stream, which takes 2 ms. */
export function isTerminal(fd: number): boolean {
  return libc().ioctl(fd, TCGETS, new Uint8Array(TERMIOS_BYTES)) !== -1;
}

/** Sets the size; where it changes, the kernel tells the foreground processes with SIGWINCH. */
export function setTerminalSize(fd: number, { columns, rows }: TerminalSize): void {
  const size = new Uint16Array([rows, columns, 0, 0]);
  check(libc().ioctl(fd, TIOCSWINSZ, size), () => `set the size of terminal ${fd}`);
}

const TCGETS = 0x5401n;
/** Waits until what was written has been sent. */
const TCSETSW = 0x5403n;

/** Room for the kernel's struct termios, which has 36 bytes on all our machines. */
const TERMIOS_BYTES = 64;
const IFLAG = 0;
const OFLAG = 1;
const CFLAG = 2;
const LFLAG = 3;
/** IGNBRK BRKINT PARMRK ISTRIP INLCR IGNCR ICRNL IXON: what cfmakeraw(3) clears. */
const RAW_IFLAGS = 0o1 | 0o2 | 0o10 | 0o40 | 0o100 | 0o200 | 0o400 | 0o2000;
const OPOST = 0o1;
/** ECHO ECHONL ICANON ISIG IEXTEN. */
const RAW_LFLAGS = 0o10 | 0o100 | 0o2 | 0o1 | 0o100000;
const CSIZE_PARENB = 0o60 | 0o400;
const CS8 = 0o60;

/**
 * Puts a terminal into raw mode: every key is passed on as it is. Disposing puts it back, as often
 * as it is called.
 */
export function makeRaw(fd: number): Disposable {
  const before = new Uint8Array(TERMIOS_BYTES);
  check(libc().ioctl(fd, TCGETS, before), () => `read the mode of terminal ${fd}`);
  const raw = before.slice();
  const flags = new Uint32Array(raw.buffer, 0, 4);
  flags[IFLAG] = (flags[IFLAG] ?? 0) & ~RAW_IFLAGS;
  flags[OFLAG] = (flags[OFLAG] ?? 0) & ~OPOST;
  flags[CFLAG] = ((flags[CFLAG] ?? 0) & ~CSIZE_PARENB) | CS8;
  flags[LFLAG] = (flags[LFLAG] ?? 0) & ~RAW_LFLAGS;
  check(libc().ioctl(fd, TCSETSW, raw), () => `set the mode of terminal ${fd}`);
  return {
    // A terminal that has gone needs no mode.
    [Symbol.dispose]: () => void libc().ioctl(fd, TCSETSW, before),
  };
}

const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;

/** Makes reads and writes of this open file return at once, for all who share it. */
export function setNonBlocking(fd: number): void {
  const flags = check(libc().fcntl(fd, F_GETFL, 0), () => `read the flags of descriptor ${fd}`);
  check(libc().fcntl(fd, F_SETFL, flags | O_NONBLOCK), () => `set descriptor ${fd} non-blocking`);
}

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;

/**
 * Listens at a path where a runtime hands over the terminal that it made, as with crun's
 * `--console-socket`. The caller closes the descriptor and removes the path.
 */
export function listenForTerminal(path: string): number {
  const action = (): string => `listen at ${quote(path)}`;
  const fd = check(libc().socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), action);
  try {
    const address = unixAddress(path);
    check(libc().bind(fd, address, address.length), action);
    check(libc().listen(fd, 1), action);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_CMSG_CLOEXEC = 0x40000000;

/**
 * The terminal, non-blocking and close-on-exec, once it was handed over; undefined before that. The
 * caller closes it.
 */
export function receiveTerminal(listener: number): number | undefined {
  const connection = libc().accept4(listener, null, null, SOCK_CLOEXEC);
  if (connection === -1) {
    const code = lastErrno();
    if (code === "EAGAIN" || code === "EINTR") return undefined;
    throw errnoFault("receive a terminal", code);
  }
  try {
    const fd = receiveDescriptor(connection);
    setNonBlocking(fd);
    return fd;
  } finally {
    closeSync(connection);
  }
}

/** recvmsg(2) with room for one descriptor; the layout is that of 64-bit machines. */
function receiveDescriptor(connection: number): number {
  const data = new Uint8Array(4096);
  const control = new BigUint64Array(3);
  const vector = new BigUint64Array([addressOf(data), BigInt(data.length)]);
  const header = new BigUint64Array(7);
  header[2] = addressOf(vector);
  header[3] = 1n;
  header[4] = addressOf(control);
  header[5] = BigInt(control.byteLength);
  const action = (): string => "receive a terminal";
  check(libc().recvmsg(connection, header, MSG_CMSG_CLOEXEC), action);
  const words = new Int32Array(control.buffer);
  const [, , level, type, fd] = words;
  // Named after the call, so that they live during it.
  if (level !== SOL_SOCKET || type !== SCM_RIGHTS || fd === undefined || data.length === 0) {
    throw errnoFault(action(), vector.length === 2 ? "EBADMSG" : "EINVAL");
  }
  return fd;
}
