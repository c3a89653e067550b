/** What is wrong with the endpoints of services. In: decoded objects. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { readList, readNumber, readObject, readText, readTexts } from "../../strategy/object-at.ts";
import { dnsLabelProblems, dnsSubdomainProblems, portNumberProblems } from "../../values/names.ts";
import { parseIp } from "../../values/ip.ts";
import { endpointIpErrors, ipErrors } from "../addresses.ts";
import {
  choiceErrors,
  type Errors,
  immutableErrors,
  problemErrors,
  qualifiedNameErrors,
  requiredChoice,
} from "../checks.ts";
import { duplicate, type FieldError, invalid, required, tooMany } from "../field-error.ts";
import { PROTOCOLS } from "../service.ts";

const ADDRESS_TYPES = ["FQDN", "IPv4", "IPv6"];
const ENDPOINTS_MAX = 1000;
const ADDRESSES_MAX = 100;
const PORTS_MAX = 20_000;

export function endpointsErrors(endpoints: JsonObject): Errors {
  return readList(endpoints, "subsets").flatMap((subset, at) =>
    subsetErrors(subset, `subsets[${at}]`),
  );
}

function subsetErrors(subset: JsonObject, field: string): Errors {
  const errors: FieldError[] = [];
  const [ready, others] = [readList(subset, "addresses"), readList(subset, "notReadyAddresses")];
  if (ready.length === 0 && others.length === 0)
    errors.push(required(field, "must specify `addresses` or `notReadyAddresses`"));
  for (const [at, address] of ready.entries())
    errors.push(...addressErrors(address, `${field}.addresses[${at}]`));
  for (const [at, address] of others.entries())
    errors.push(...addressErrors(address, `${field}.notReadyAddresses[${at}]`));
  const ports = readList(subset, "ports");
  for (const [at, port] of ports.entries())
    errors.push(...subsetPortErrors(port, `${field}.ports[${at}]`, ports.length > 1));
  return errors;
}

function addressErrors(address: JsonObject, field: string): Errors {
  const ip = readText(address, "ip");
  const host = readText(address, "hostname");
  const isIp = parseIp(ip) !== undefined;
  const node = readText(address, "nodeName");
  return [
    ...ipErrors(`${field}.ip`, ip),
    ...(host === "" ? [] : problemErrors(`${field}.hostname`, host, dnsLabelProblems(host))),
    ...(node === "" ? [] : problemErrors(`${field}.nodeName`, node, dnsSubdomainProblems(node))),
    ...(isIp
      ? endpointIpErrors(`${field}.ip`, ip)
      : [invalid(`${field}.ip`, ip, "must be a valid IP address")]),
  ];
}

function subsetPortErrors(port: JsonObject, field: string, isNamed: boolean): Errors {
  const name = readText(port, "name");
  const number = readNumber(port, "port") ?? 0;
  const app = readText(port, "appProtocol");
  return [
    ...(isNamed && name === "" ? [required(`${field}.name`)] : []),
    ...(name === "" ? [] : problemErrors(`${field}.name`, name, dnsLabelProblems(name))),
    ...problemErrors(`${field}.port`, number, portNumberProblems(number)),
    ...requiredChoice(`${field}.protocol`, port["protocol"], PROTOCOLS),
    ...(app === "" ? [] : qualifiedNameErrors(`${field}.appProtocol`, app)),
  ];
}

export function endpointSliceErrors(slice: JsonObject): Errors {
  const type = slice["addressType"];
  return [
    ...requiredChoice("addressType", type, ADDRESS_TYPES),
    ...endpointErrors(readList(slice, "endpoints"), readText(slice, "addressType")),
    ...slicePortErrors(readList(slice, "ports")),
  ];
}

export function endpointSliceUpdateErrors(slice: JsonObject, old: JsonObject): Errors {
  const type = slice["addressType"];
  return [
    ...endpointSliceErrors(slice),
    ...immutableErrors("addressType", type, old["addressType"]),
  ];
}

function endpointErrors(endpoints: readonly JsonObject[], type: string): Errors {
  if (endpoints.length > ENDPOINTS_MAX)
    return [tooMany("endpoints", endpoints.length, ENDPOINTS_MAX)];
  return endpoints.flatMap((endpoint, at) => oneEndpointErrors(endpoint, type, `endpoints[${at}]`));
}

function oneEndpointErrors(endpoint: JsonObject, type: string, field: string): Errors {
  const addresses = readTexts(endpoint, "addresses");
  const errors: FieldError[] = [];
  if (addresses.length === 0)
    errors.push(required(`${field}.addresses`, "must contain at least 1 address"));
  else if (addresses.length > ADDRESSES_MAX)
    errors.push(tooMany(`${field}.addresses`, addresses.length, ADDRESSES_MAX));
  for (const [at, address] of addresses.entries())
    errors.push(...typedAddressErrors(address, type, { list: `${field}.addresses`, at }));
  const node = readText(endpoint, "nodeName");
  if (node !== "")
    errors.push(...problemErrors(`${field}.nodeName`, node, dnsSubdomainProblems(node)));
  const topology = readObject(endpoint, "deprecatedTopology");
  for (const key of Object.keys(topology))
    errors.push(...qualifiedNameErrors(`${field}.deprecatedTopology`, key));
  const host = endpoint["hostname"];
  if (typeof host === "string")
    errors.push(...problemErrors(`${field}.hostname`, host, dnsLabelProblems(host)));
  return errors;
}

function typedAddressErrors(
  address: string,
  type: string,
  { list, at }: { readonly list: string; readonly at: number },
): Errors {
  const field = `${list}[${at}]`;
  if (type === "FQDN") return problemErrors(field, address, dnsSubdomainProblems(address));
  if (type !== "IPv4" && type !== "IPv6") return [];
  const ip = parseIp(address);
  if (ip === undefined) return ipErrors(field, address);
  if (`IPv${ip.family}` === type) return endpointIpErrors(field, address);
  return [invalid(list, address, `must be an ${type} address`)];
}

function slicePortErrors(ports: readonly JsonObject[]): Errors {
  if (ports.length > PORTS_MAX) return [tooMany("ports", ports.length, PORTS_MAX)];
  const names = new Set<string>();
  return ports.flatMap((port, at) => {
    const field = `ports[${at}]`;
    const name = readText(port, "name");
    const errors: FieldError[] = [];
    if (name !== "") errors.push(...problemErrors(`${field}.name`, name, dnsLabelProblems(name)));
    if (names.has(name)) errors.push(duplicate(`${field}.name`, name));
    names.add(name);
    errors.push(...choiceErrors(`${field}.protocol`, port["protocol"], PROTOCOLS));
    const app = readText(port, "appProtocol");
    if (app !== "") errors.push(...qualifiedNameErrors(`${field}.appProtocol`, app));
    return errors;
  });
}
