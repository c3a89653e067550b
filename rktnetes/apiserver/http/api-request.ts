/**
 * A request as the API server reads it, whatever carried it: HTTP/1.1, HTTP/2, or a call in this
 * process. Its parts are read when they are asked for.
 */
import type { Duplex } from "node:stream";

/** Who a connection's certificate names; its signature was checked by TLS, unless it says so. */
export interface PeerCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** Of the whole certificate, as hexadecimal digits; nobody has one inside this process. */
  readonly sha256?: string;
  /** It stops being good then, on a connection that goes on too. */
  readonly notAfterMs?: number;
  /** Nobody whom this server trusts has signed it, or not for clients, or not for now. */
  readonly isRefused?: boolean;
  /** Signed by the authority of front proxies. */
  readonly isFrontProxy?: boolean;
  /** Signed by the authority of clients; false only for front proxies. */
  readonly isClient?: boolean;
}

/** The connection of a client that wants to speak another protocol on it. */
export interface RawConnection {
  readonly socket: Duplex;
  /** What the client has sent already. */
  readonly head: Buffer;
  /** What it wants to speak, as it says it. */
  readonly protocol: string;
  /** From here on the connection belongs to the caller; nothing else is answered on it. */
  take(): void;
}

/** One request; nothing of it is read before somebody asks. */
export interface ApiRequest {
  readonly method: string;
  /** Before the question mark, as it came. */
  readonly path: string;
  /** After the question mark, as it came. */
  readonly search: string;
  readonly query: URLSearchParams;
  /** The address of the client; absent within this process. */
  readonly sourceAddress?: string;
  header(name: string): string | undefined;
  /** Every value of a header that may come several times. */
  headerValues(name: string): readonly string[];
  /** In lower case, each once. */
  headerNames(): readonly string[];
  /** @throws {StatusFault} 413 */
  body(): Promise<Buffer>;
  certificate(): PeerCertificate | undefined;
  /** Aborts when the client has gone. */
  signal(): AbortSignal;
  /** Only for requests that ask for another protocol. */
  readonly connection?: RawConnection;
}

/** Some come several times. */
export type OutletHeaders = Readonly<Record<string, string | readonly string[]>>;

/** Where an answer without an end goes: watches, logs. */
export interface Outlet {
  /** Sends status and headers at once. */
  begin(status: number, headers: OutletHeaders): void;
  write(bytes: Uint8Array): void;
  /** How many bytes wait for the client to read. */
  readonly waitingBytes: number;
  end(): void;
  /** Cuts the client off. */
  destroy(): void;
}
