/**
 * Where the members of an etcd cluster are, and how they are spoken to. In: the text of
 * `--datastore`, certificates. Out: addresses. Pure.
 */
import { Fault, quote } from "@shared/base";

/** PEM texts. */
export interface EtcdTls {
  /** Signs the members' certificates; the system's authorities without it. */
  readonly authority?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

/** A cluster: its members, and the certificates for all of them. */
export interface EtcdMembers {
  /** `host:port` of each. */
  readonly addresses: readonly string[];
  /** Undefined for members that speak without TLS. */
  readonly tls: EtcdTls | undefined;
}

const PORT = "2379";

/** Reads `https://a:2379,https://b:2379`. @throws {Fault} "invalid" */
export function readMembers(urls: string, tls: EtcdTls): EtcdMembers {
  const read = urls.split(",").map((text) => {
    const [, scheme, host, port = PORT] =
      /^(https?):\/\/(\[[\da-fA-F:]+\]|[^/:\s]+)(?::(\d{1,5}))?\/?$/.exec(text.trim()) ?? [];
    if (scheme === undefined || host === undefined) {
      const hint = "as in etcd=https://10.0.0.1:2379,https://10.0.0.2:2379";
      throw new Fault("invalid", `find the etcd members: ${quote(text)} is no URL of one`, {
        hint,
      });
    }
    return { isSafe: scheme === "https", address: `${host}:${port}` };
  });
  const isSafe = read.some((member) => member.isSafe);
  if (read.some((member) => member.isSafe !== isSafe)) {
    throw new Fault("invalid", "find the etcd members: some with https, some with http");
  }
  return { addresses: read.map(({ address }) => address), tls: isSafe ? tls : undefined };
}
