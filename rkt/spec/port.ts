/**
 * The value of `--port`: `NAME:[HOSTIP:]HOSTPORT` or `[HOSTIP:]HOSTPORT:PODPORT[/PROTOCOL]` flows
 * in, where both numbers may be ranges as `8000-8010`; an `ExposedPort` flows out. Whether the name
 * is a port of an image is not asked here.
 *
 * @see rkt Documentation/subcommands/run.md; rkt's portList
 */
import { Fault, quote } from "@shared/base";
import { parseAcName } from "./ac-name.ts";
import type { ExposedPort } from "./appc.ts";
import { ipVersion } from "./ip-address.ts";

const SPAN = "([0-9]+(?:-[0-9]+)?)";
const NUMBERS = new RegExp(`^(?:([0-9.]+|\\[[^\\]]*\\]):)?${SPAN}:${SPAN}(?:/(tcp|udp|sctp))?$`);

/**
 * A forwarded port; two numbers are ports of host and pod, and the name is the host's. Host port 0
 * is any that is free. Faults: invalid, with rkt's words. */
export function parsePortFlag(text: string): ExposedPort {
  const numbers = NUMBERS.exec(text);
  if (numbers !== null) return numberedPort(numbers);
  const [name = "", second, ...rest] = text.split(":");
  if (second === undefined) {
    throw new Fault("invalid", `${quote(text)} is not in name:[ip:]port format`);
  }
  checkName(name);
  if (rest.length === 0) return { name, hostPort: portNumber(second, second) };
  const { address, port } =
    rest.length === 1
      ? { address: second, port: rest[0] ?? "" }
      : bracketed([second, ...rest].join(":"));
  if (ipVersion(address) === undefined)
    throw new Fault("invalid", `${quote(address)} is not a valid IP`);
  return { name, hostPort: portNumber(port, port), hostIP: address };
}

function numberedPort([
  ,
  address,
  host = "",
  pod = "",
  protocol = "tcp",
]: RegExpExecArray): ExposedPort {
  const hostIP = address?.replace(/^\[(.*)\]$/, "$1");
  if (hostIP !== undefined && ipVersion(hostIP) === undefined) {
    throw new Fault("invalid", `${quote(hostIP)} is not a valid IP`);
  }
  const outside = readSpan(host);
  const inside = readSpan(pod);
  const isAnyFree = outside.first === 0 && outside.count === 1;
  if (inside.first === 0) throw new Fault("invalid", `${quote(pod)} is not a valid port number`);
  if (outside.count !== inside.count && !isAnyFree) {
    throw new Fault("invalid", `${quote(`${host}:${pod}`)} are not as many ports on either side`);
  }
  const { first: port, count } = inside;
  return {
    name: host,
    hostPort: outside.first,
    ...(hostIP !== undefined && { hostIP }),
    podPort: { name: host, protocol, port, ...(count > 1 && { count }) },
  };
}

/** `8000` or `8000-8010`, both ends included. */
function readSpan(text: string): { readonly first: number; readonly count: number } {
  const [from = "", to = from] = text.split("-");
  const [first, last] = [portNumber(from, text), portNumber(to, text)];
  if (last >= first && (first > 0 || last === 0)) return { first, count: last - first + 1 };
  throw new Fault("invalid", `${quote(text)} is not a valid range of ports`);
}

function checkName(name: string): void {
  try {
    parseAcName(name);
  } catch (cause) {
    throw new Fault("invalid", `${quote(name)} is not a valid port name`, { cause });
  }
}

/** `[::1]:8080` or `::1:8080`: what stands after the last colon is the port. */
function bracketed(text: string): { address: string; port: string } {
  const colon = text.lastIndexOf(":");
  const address = text.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  return { address, port: text.slice(colon + 1) };
}

function portNumber(text: string, shown: string): number {
  const port = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new Fault("invalid", `${quote(shown)} is not a valid port number`);
}
