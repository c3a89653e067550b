/**
 * Whom the certificate of a connection names. In: a TLS connection, whoever signs certificates.
 * Out: names and what they may be used for, or nothing where none was shown; read once per
 * connection.
 */
import { createHash, type KeyObject, X509Certificate } from "node:crypto";
import type { Http2ServerRequest } from "node:http2";
import type { TLSSocket } from "node:tls";
import type { PeerCertificate } from "./api-request.ts";

/** Who signs which certificates; some may sign both. */
export interface PeerAuthorities {
  readonly frontProxies: readonly KeyObject[];
  readonly clients: readonly KeyObject[];
}

/** A file of several authorities has one certificate after the other. */
export function certificatesIn(pem: string): string[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  return found === null ? [pem] : [...found];
}

/** The keys of all certificates in a file. */
export function keysOf(bundle: string): readonly KeyObject[] {
  return certificatesIn(bundle).map((pem) => new X509Certificate(pem).publicKey);
}

const PEERS = new WeakMap<object, { readonly certificate: PeerCertificate | undefined }>();

/** Read once per connection. */
export function peerOf(
  request: Http2ServerRequest,
  frontProxy: PeerAuthorities | undefined,
): PeerCertificate | undefined {
  const socket = (request.stream?.session?.socket ?? request.socket) as TLSSocket;
  const known = PEERS.get(socket);
  if (known !== undefined) return known.certificate;
  const certificate = readPeer(socket, frontProxy);
  PEERS.set(socket, { certificate });
  return certificate;
}

function readPeer(
  socket: TLSSocket,
  frontProxy: PeerAuthorities | undefined,
): PeerCertificate | undefined {
  const { subject, raw, valid_to: validTo } = socket.getPeerCertificate() ?? {};
  if (raw === undefined) return undefined;
  if (!socket.authorized) return { commonName: "", organizations: [], isRefused: true };
  if (subject?.CN === undefined) return undefined;
  const notAfterMs = Date.parse(validTo ?? "");
  const groups: string | readonly string[] | undefined = subject.O;
  const organizations = groups === undefined ? [] : typeof groups === "string" ? [groups] : groups;
  const commonName = String(subject.CN);
  const sha256 = createHash("sha256").update(raw).digest("hex");
  const peer = { commonName, organizations, sha256, notAfterMs };
  if (frontProxy === undefined) return peer;
  const leaf = new X509Certificate(raw);
  const isFrontProxy = frontProxy.frontProxies.some((key) => leaf.verify(key));
  const isClient = !isFrontProxy || frontProxy.clients.some((key) => leaf.verify(key));
  return { ...peer, isFrontProxy, isClient };
}
