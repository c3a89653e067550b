/** The flags of `app sandbox` that no other command has. */
import { type ExposedPort, ipVersion, type NameValue, parseAcName } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { type Flag, listFlag } from "../grammar/flag.ts";

export const annotation: Flag<readonly NameValue[]> = pairs(
  "annotation",
  "optional, set the pod's annotations in the form of key=value",
);

export const userAnnotation: Flag<readonly NameValue[]> = pairs(
  "user-annotation",
  "optional, set the pod's user annotations in the form of key=value",
);

export const userLabel: Flag<readonly NameValue[]> = pairs(
  "user-label",
  "optional, set the pod's label in the form of key=value",
);

/** A sandbox has no image whose ports have names: both ends are told. */
export const sandboxPort: Flag<readonly ExposedPort[]> = listFlag(
  { name: "port", usage: 'ports to forward. format: "name:proto:podPort:hostIP:hostPort"' },
  readPort,
);

function pairs(name: string, usage: string): Flag<readonly NameValue[]> {
  return listFlag({ name, usage }, (text, before) => {
    const [, key = "", value = ""] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    if (key === "") throw new Fault("invalid", `${quote(text)} is not in key=value format`);
    if (before.every((each) => each.name !== key)) return { name: key, value };
    throw new Fault("invalid", `key ${quote(key)} is already set`);
  });
}

function readPort(text: string): ExposedPort {
  const [, name, protocol, pod, hostIP, host] =
    /^([^:]*):([^:]*):([^:]*):(.*):([^:]*)$/.exec(text) ?? [];
  if (name === undefined || protocol === undefined || hostIP === undefined) {
    throw new Fault("invalid", "--port invalid format");
  }
  if (protocol !== "tcp" && protocol !== "udp") {
    throw new Fault("invalid", `invalid protocol ${quote(protocol)}`);
  }
  const address = hostIP.replace(/^\[(.*)\]$/, "$1");
  if (ipVersion(address) === undefined) {
    throw new Fault("invalid", `could not parse IP ${quote(hostIP)}`);
  }
  const podPort = { name: parseAcName(name), protocol, port: portNumber(pod ?? "", 1) };
  return { name, hostPort: portNumber(host ?? "", 0), hostIP: address, podPort };
}

function portNumber(text: string, min: number): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= min && port <= 65_535) return port;
  throw new Fault("invalid", `${quote(text)} is no port number`);
}
