/**
 * Sockets that a service manager opened for this process: descriptors from 3 on flow in, with their
 * names; what each listens to flows out. They are looked at, never used.
 */
import { readFileSync, readlinkSync } from "node:fs";

const FIRST = 3;

export interface PassedSocket {
  readonly fd: number;
  /** As the service manager calls it; `unknown` where it does not. */
  readonly name: string;
  readonly transport: "tcp" | "udp" | "other";
  /** Undefined for a socket that has no port. */
  readonly port: number | undefined;
}

export function findSockets(count: number, names: readonly string[]): PassedSocket[] {
  return Array.from({ length: count }, (_, index) => {
    const fd = FIRST + index;
    return { fd, name: names[index] || "unknown", ...addressOf(fd) };
  });
}

const TABLES = ["tcp", "tcp6", "udp", "udp6"] as const;

function addressOf(fd: number): Pick<PassedSocket, "transport" | "port"> {
  const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(fd)) ?? [];
  for (const table of inode === undefined ? [] : TABLES) {
    const port = portOf(readFileSync(`/proc/self/net/${table}`, "utf8"), inode ?? "");
    if (port !== undefined) return { transport: table.startsWith("tcp") ? "tcp" : "udp", port };
  }
  return { transport: "other", port: undefined };
}

function linkOf(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return ""; // it was closed on the way
  }
}

/** Local port of a socket in a table such as /proc/net/tcp. @see proc(5) */
export function portOf(table: string, inode: string): number | undefined {
  const line = table.split("\n").find((each) => each.trim().split(/\s+/)[9] === inode);
  const [, port] = line?.trim().split(/\s+/)[1]?.split(":") ?? [];
  return port === undefined ? undefined : Number.parseInt(port, 16);
}
