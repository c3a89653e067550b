/** Ports of this machine, held by a socket that answers nobody. */
import { closeSync } from "node:fs";
import { check, libc } from "./libc.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_CLOEXEC = 0x80000;
const KIND = { tcp: 1, udp: 2 } as const;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

/**
 * Holds a port until the descriptor is closed, so that nobody else can take it meanwhile.
 * @param port 0 for one that the kernel chooses
 * @returns the descriptor and the port
 * @throws {Fault} of errno, EADDRINUSE where somebody has it
 */
export function holdPort(
  transport: keyof typeof KIND,
  address: Uint8Array,
  port: number,
): { readonly fd: number; readonly port: number } {
  const family = address.length === 4 ? AF_INET : AF_INET6;
  const action = (): string => `hold the port ${port}/${transport}`;
  const fd = check(libc().socket(family, KIND[transport] | SOCK_CLOEXEC, 0), action);
  try {
    if (family === AF_INET6) {
      libc().setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, new Uint32Array([1]), 4);
    }
    const name = Buffer.alloc(family === AF_INET ? 16 : 28);
    name.writeUInt16LE(family, 0);
    name.writeUInt16BE(port, 2);
    name.set(address, family === AF_INET ? 4 : 8);
    check(libc().bind(fd, name, name.length), action);
    if (transport === "tcp") check(libc().listen(fd, 1), action);
    check(libc().getsockname(fd, name, new Uint32Array([name.length])), action);
    return { fd, port: name.readUInt16BE(2) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
