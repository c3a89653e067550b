/**
 * Which proxy a URL goes through. An environment and a URL in, the proxy's URL out, by the rules of
 * Go's programs: HTTP_PROXY and HTTPS_PROXY by scheme, NO_PROXY with names, domains, addresses and
 * networks; loopback is never sent to a proxy. Pure.
 *
 * @see https://pkg.go.dev/golang.org/x/net/http/httpproxy
 */
import type * as Net from "node:net";
import process from "node:process";
import { Fault, quote } from "@shared/base";

type Environment = Readonly<Record<string, string | undefined>>;

/** A function from a URL to its proxy; undefined for a URL that goes straight. */
export function proxiesOf(environment: Environment): (url: string) => string | undefined {
  const variable = (name: string): string =>
    environment[name] || environment[name.toLowerCase()] || "";
  const exceptions = variable("NO_PROXY")
    .split(",")
    .map((word) => word.trim().toLowerCase());
  return (url) => {
    const at = new URL(url);
    const proxy = variable(at.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY");
    if (proxy === "" || isLoopback(at) || exceptions.some((word) => matches(word, at))) {
      return undefined;
    }
    return proxyUrl(proxy);
  };
}

function proxyUrl(text: string): string {
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (url !== null && ["http:", "https:"].includes(url.protocol)) return url.href;
  throw new Fault("invalid", `use the proxy ${quote(text)}: not an http or https URL`);
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname.startsWith("127.") || hostname === "[::1]";
}

/** Loaded when a proxy is asked about: most commands go nowhere. */
function net(): typeof Net {
  return process.getBuiltinModule("node:net");
}

function matches(word: string, url: URL): boolean {
  const { isIP } = net();
  if (word === "") return false;
  if (word === "*") return true;
  const host = url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  if (isIP(host) !== 0 && word.includes("/")) return isInNetwork(host, word);
  const [, name = "", port] = /^(.*?)(?::(\d+))?$/.exec(word) ?? [];
  if (port !== undefined && port !== portOf(url) && isIP(word) === 0) return false;
  const wanted = (isIP(word) === 6 ? word : name).replace(/^\*(?=\.)/, "").replace(/^\[|\]$/g, "");
  if (wanted.startsWith(".")) return host.endsWith(wanted);
  return host === wanted || (isIP(wanted) === 0 && host.endsWith(`.${wanted}`));
}

function portOf({ protocol, port }: URL): string {
  return port === "" ? (protocol === "https:" ? "443" : "80") : port;
}

function isInNetwork(host: string, word: string): boolean {
  const { BlockList, isIP } = net();
  const [network = "", bits = ""] = word.split("/");
  const family = isIP(network);
  const length = Number(bits);
  if (family === 0 || family !== isIP(host) || !/^\d{1,3}$/.test(bits)) return false;
  if (length > (family === 4 ? 32 : 128)) return false;
  const name = family === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(network, length, name);
  return list.check(host, name);
}
