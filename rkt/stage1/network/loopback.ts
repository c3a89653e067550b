/**
 * Published ports on `::1`: the kernel sends nothing from there to another machine, so this process
 * carries the bytes, until it ends. In: a port of the host and the pod's end. Out: a socket that
 * also keeps the port from others.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export interface LoopbackPort {
  /**
   * `::1`, or `::` to keep the port on all addresses of IPv6, of which rules redirect the others.
   */
  readonly address: "::1" | "::";
  /** 0 for any that is free. */
  readonly port: number;
  readonly target: { readonly host: string; readonly port: number };
}

/**
 * Listens until the process ends, without keeping it from ending.
 * @returns the port, chosen where 0 was given; undefined where this machine has no such address
 * @throws what listen(2) says else, with its `code`
 */
export async function serveLoopback({
  address,
  port,
  target,
}: LoopbackPort): Promise<number | undefined> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    if (client.remoteAddress === "::1") carry(client, target);
    else client.destroy(); // rules lead all others to the pod
  });
  try {
    await listening(server, { host: address, port, ipv6Only: true });
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT") return undefined;
    throw error;
  }
  server.unref();
  return (server.address() as AddressInfo).port;
}

function listening(server: Server, where: object): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Both directions end by themselves; a side that breaks takes the other with it. */
function carry(client: Socket, target: LoopbackPort["target"]): void {
  const pod = connect({ ...target, allowHalfOpen: true });
  client.on("error", () => pod.destroy());
  pod.on("error", () => client.destroy());
  client.on("close", () => pod.destroy());
  pod.on("close", () => client.destroy());
  client.pipe(pod).pipe(client);
}
