/**
 * A connection that becomes another protocol (WebSocket, SPDY) between a client and a backend. In:
 * the client's connection and its request. Out: the same request to the backend, then bytes in both
 * directions until one side ends.
 */
import { connect } from "node:tls";
import { type Answer, textAnswer } from "../http/answer.ts";
import type { RawConnection } from "../http/api-request.ts";
import type { Headers, TlsOptions } from "./connect.ts";
import { authorityOf, dialError } from "./dial-error.ts";
import type { Address } from "./resolve-service.ts";

/** Both ends. */
export interface Ends {
  readonly connection: RawConnection;
  readonly address: Address;
  readonly tls: TlsOptions;
}

/** The request that asks for the other protocol. */
export interface UpgradeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
}

/** An answer when the backend cannot be reached; nothing once it has answered itself. */
export function passUpgrade(
  { connection, address, tls }: Ends,
  request: UpgradeRequest,
): Promise<Answer | undefined> {
  const { host, port } = address;
  const { protocol, socket, head } = connection;
  return new Promise((resolve) => {
    const backend = connect({ ...tls, host, port, ALPNProtocols: ["http/1.1"] });
    const refuse = (error: Error): void => {
      resolve(textAnswer(503, `${dialError(error, host, port)}\n`));
    };
    backend.once("error", refuse);
    backend.once("secureConnect", () => {
      backend.off("error", refuse);
      connection.take();
      backend.write(headOf(request, protocol, authorityOf(host, port)));
      if (head.length > 0) backend.write(head);
      join(socket, backend);
      resolve(undefined);
    });
  });
}

function headOf({ method, path, headers }: UpgradeRequest, protocol: string, to: string): string {
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${to}`];
  for (const [name, values] of Object.entries(headers)) {
    for (const value of [values].flat()) lines.push(`${name}: ${value}`);
  }
  lines.push("Connection: Upgrade", `Upgrade: ${protocol}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

type Socket = RawConnection["socket"];

function join(one: Socket, other: Socket): void {
  one.on("error", () => other.destroy());
  other.on("error", () => one.destroy());
  one.on("close", () => other.destroy());
  other.on("close", () => one.destroy());
  one.pipe(other);
  other.pipe(one);
}
