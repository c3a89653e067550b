/** What is wrong with services. In: a service, and the one it replaces. Out: field errors. Pure. */
import { isReachable } from "../defaults/services.ts";
import type { JsonObject } from "../schema/schema.ts";
import { labelKeyProblems } from "../selectors/label-syntax.ts";
import { readList, readNumber, readObject, readText, readTexts } from "../strategy/object-at.ts";
import {
  dnsLabelProblems,
  dnsSubdomainProblems,
  portNameProblems,
  portNumberProblems,
} from "../values/names.ts";
import { cidrErrors, endpointIpErrors, ipErrors } from "./addresses.ts";
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from "./field-error.ts";
import { labelsErrors } from "./object-meta.ts";
import { addressChangeErrors, clusterAddressErrors, isHeadless } from "./service-addresses.ts";

const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const AFFINITIES = ["ClientIP", "None"];
const POLICIES = ["Cluster", "Local"];
const DISTRIBUTIONS = ["PreferClose", "PreferSameZone", "PreferSameNode"];
export const PROTOCOLS: readonly string[] = ["SCTP", "TCP", "UDP"];
const AFFINITY_SECONDS_MAX = 86_400;
const KUBELET_PORT = 10_250;
const RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges";

export function serviceErrors(service: JsonObject): readonly FieldError[] {
  return judge(service);
}

export function serviceUpdateErrors(service: JsonObject, old: JsonObject): readonly FieldError[] {
  const [spec, before] = [readObject(service, "spec"), readObject(old, "spec")];
  return [
    ...addressChangeErrors(spec, before),
    ...classChangeErrors(spec, before),
    ...judge(service),
  ];
}

/** The status names addresses that a balancer has. */
export function serviceStatusErrors(service: JsonObject): readonly FieldError[] {
  const type = readText(readObject(service, "spec"), "type");
  const balancer = readObject(readObject(service, "status"), "loadBalancer");
  return balancerErrors(balancer, "status.loadBalancer", type === "LoadBalancer");
}

/** Also of an ingress, which has no types. */
export function balancerErrors(
  balancer: JsonObject,
  field: string,
  allowed: boolean,
): readonly FieldError[] {
  const entries = readList(balancer, "ingress");
  const errors: FieldError[] = [];
  if (!allowed && entries.length > 0)
    errors.push(
      forbidden(`${field}.ingress`, "may only be used when `spec.type` is 'LoadBalancer'"),
    );
  for (const [at, entry] of entries.entries()) {
    const where = `${field}.ingress[${at}]`;
    const [ip, host] = [readText(entry, "ip"), readText(entry, "hostname")];
    if (ip !== "") errors.push(...ipErrors(`${where}.ip`, ip));
    for (const why of host === "" ? [] : dnsSubdomainProblems(host))
      errors.push(invalid(`${where}.hostname`, host, why));
    if (host !== "" && ip === "" && /^\d+\.\d+\.\d+\.\d+$/.test(host))
      errors.push(invalid(`${where}.hostname`, host, "must be a DNS name, not an IP address"));
    errors.push(...ipModeErrors(entry, where));
  }
  return errors;
}

function ipModeErrors(entry: JsonObject, where: string): readonly FieldError[] {
  const mode = entry["ipMode"];
  if (mode === undefined) return [];
  if (readText(entry, "ip") === "")
    return [forbidden(`${where}.ipMode`, "may not be specified when `ip` is not set")];
  if (mode === "VIP" || mode === "Proxy") return [];
  return [notSupported(`${where}.ipMode`, mode, ["Proxy", "VIP"])];
}

function judge(service: JsonObject): readonly FieldError[] {
  const spec = readObject(service, "spec");
  const type = readText(spec, "type");
  const errors: FieldError[] = [];
  const ports = readList(spec, "ports");
  if (ports.length === 0 && !isHeadless(spec) && type !== "ExternalName")
    errors.push(required("spec.ports"));
  errors.push(...typeErrors(spec, type));
  errors.push(...portsErrors(ports));
  errors.push(...labelsErrors(readObject(spec, "selector"), "spec.selector"));
  errors.push(...affinityErrors(spec));
  errors.push(...clusterAddressErrors(spec));
  for (const [at, ip] of readTexts(spec, "externalIPs").entries())
    errors.push(...endpointIpErrors(`spec.externalIPs[${at}]`, ip));
  if (!TYPES.includes(type)) errors.push(notSupported("spec.type", type, TYPES));
  errors.push(...portUseErrors(ports, type));
  errors.push(...balancerFieldErrors(service, spec, type));
  errors.push(...trafficErrors(spec, type));
  return errors;
}

function typeErrors(spec: JsonObject, type: string): readonly FieldError[] {
  if (type === "ExternalName") return externalNameErrors(spec);
  if (type !== "LoadBalancer" && type !== "NodePort") return [];
  const errors: FieldError[] = [];
  if (type === "LoadBalancer") {
    for (const [at, port] of readList(spec, "ports").entries()) {
      if (port["port"] !== KUBELET_PORT) continue;
      const why = `may not expose port ${KUBELET_PORT} externally since it is used by kubelet`;
      errors.push(invalid(`spec.ports[${at}]`, KUBELET_PORT, why));
    }
  }
  if (isHeadless(spec)) {
    const why = `may not be set to 'None' for ${type} services`;
    errors.push(invalid("spec.clusterIPs[0]", "None", why));
  }
  return errors;
}

function externalNameErrors(spec: JsonObject): readonly FieldError[] {
  const errors: FieldError[] = [];
  const why = "may not be set for ExternalName services";
  for (const field of ["clusterIPs", "ipFamilies", "ipFamilyPolicy"]) {
    const value = spec[field];
    const isSet = Array.isArray(value) ? value.length > 0 : value !== undefined;
    if (isSet) errors.push(forbidden(`spec.${field}`, why));
  }
  const name = readText(spec, "externalName").replace(/\.$/, "");
  if (name === "") return [...errors, required("spec.externalName")];
  for (const problem of dnsSubdomainProblems(name))
    errors.push(invalid("spec.externalName", name, problem));
  return errors;
}

function portsErrors(ports: readonly JsonObject[]): readonly FieldError[] {
  const names = new Set<string>();
  return ports.flatMap((port, at) => {
    const field = `spec.ports[${at}]`;
    return [
      ...portNameErrors(port, `${field}.name`, { names, needed: ports.length > 1 }),
      ...portErrors(port, field),
    ];
  });
}

function portNameErrors(
  port: JsonObject,
  field: string,
  { names, needed }: { readonly names: Set<string>; readonly needed: boolean },
): readonly FieldError[] {
  const name = readText(port, "name");
  if (name === "") return needed ? [required(field)] : [];
  const errors = dnsLabelProblems(name).map((why) => invalid(field, name, why));
  if (names.has(name)) errors.push(duplicate(field, name));
  names.add(name);
  return errors;
}

function portErrors(port: JsonObject, field: string): readonly FieldError[] {
  const number = readNumber(port, "port") ?? 0;
  const protocol = readText(port, "protocol");
  const errors = portNumberProblems(number).map((why) => invalid(`${field}.port`, number, why));
  if (protocol === "") errors.push(required(`${field}.protocol`));
  else if (!PROTOCOLS.includes(protocol))
    errors.push(notSupported(`${field}.protocol`, protocol, PROTOCOLS));
  errors.push(...portNumberOrNameErrors(port, "targetPort", field));
  const app = port["appProtocol"];
  if (typeof app === "string") {
    for (const why of labelKeyProblems(app)) errors.push(invalid(`${field}.appProtocol`, app, why));
  }
  return errors;
}

/** A port by its number or by the name that a container gives it. */
function portNumberOrNameErrors(
  parent: JsonObject,
  field: string,
  path: string,
): readonly FieldError[] {
  const value = parent[field] ?? 0;
  const problems =
    typeof value === "string" ? portNameProblems(value) : portNumberProblems(Number(value));
  return problems.map((why) => invalid(`${path}.${field}`, value, why));
}

function affinityErrors(spec: JsonObject): readonly FieldError[] {
  const field = "spec.sessionAffinity";
  const affinity = readText(spec, "sessionAffinity");
  if (affinity === "") return [required(field)];
  if (!AFFINITIES.includes(affinity)) return [notSupported(field, affinity, AFFINITIES)];
  if (affinity === "None") return [];
  const clientIp = readObject(readObject(spec, "sessionAffinityConfig"), "clientIP");
  const seconds = readNumber(clientIp, "timeoutSeconds") ?? 0;
  if (seconds > 0 && seconds <= AFFINITY_SECONDS_MAX) return [];
  const why = `must be greater than 0 and less than ${AFFINITY_SECONDS_MAX}`;
  return [invalid("spec.sessionAffinityConfig.clientIP.timeoutSeconds", seconds, why)];
}

function portUseErrors(ports: readonly JsonObject[], type: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const [at, port] of ports.entries()) {
    if (type !== "ClusterIP" || port["nodePort"] === undefined) continue;
    const why = "may not be used when `type` is 'ClusterIP'";
    errors.push(forbidden(`spec.ports[${at}].nodePort`, why));
  }
  const used = new Set<string>();
  for (const [at, port] of ports.entries()) {
    const protocol = readText(port, "protocol");
    const number = readNumber(port, "port") ?? 0;
    const key = `${protocol}/${number}`;
    if (used.has(key)) errors.push(duplicate(`spec.ports[${at}]`, portShown(protocol, number)));
    used.add(key);
  }
  return errors;
}

/** As Go prints a port of which only these two are known. */
function portShown(protocol: string, number: number): JsonObject {
  return {
    Name: "",
    Protocol: protocol,
    AppProtocol: null,
    Port: number,
    TargetPort: 0,
    NodePort: 0,
  };
}

function balancerFieldErrors(
  service: JsonObject,
  spec: JsonObject,
  type: string,
): readonly FieldError[] {
  const isBalanced = type === "LoadBalancer";
  const why = "may only be used when `type` is 'LoadBalancer'";
  const errors = [...rangeErrors(service, spec, isBalanced ? "" : why)];
  if (!isBalanced && spec["allocateLoadBalancerNodePorts"] !== undefined)
    errors.push(forbidden("spec.allocateLoadBalancerNodePorts", why));
  const name = readText(spec, "loadBalancerClass");
  if (spec["loadBalancerClass"] === undefined) return errors;
  if (!isBalanced) return [...errors, forbidden("spec.loadBalancerClass", why)];
  const problems = labelKeyProblems(name);
  return [...errors, ...problems.map((each) => invalid("spec.loadBalancerClass", name, each))];
}

function rangeErrors(service: JsonObject, spec: JsonObject, why: string): readonly FieldError[] {
  const ranges = readTexts(spec, "loadBalancerSourceRanges");
  if (ranges.length > 0) {
    const field = "spec.LoadBalancerSourceRanges";
    return [
      ...(why === "" ? [] : [forbidden(field, why)]),
      ...ranges.flatMap((range, at) => cidrErrors(`${field}[${at}]`, range.trim())),
    ];
  }
  const noted = readObject(readObject(service, "metadata"), "annotations")[RANGES];
  if (typeof noted !== "string") return [];
  const field = `metadata.annotations[${RANGES}]`;
  if (why !== "") return [forbidden(field, why)];
  if (noted.trim() === "") return [];
  const words = "must be a comma separated list of CIDRs e.g. 192.168.0.0/16,10.0.0.0/8";
  const isBad = noted.split(",").some((range) => cidrErrors(field, range.trim()).length > 0);
  return isBad ? [invalid(field, noted, words)] : [];
}

function trafficErrors(spec: JsonObject, type: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const outer = readText(spec, "externalTrafficPolicy");
  if (isReachable(spec)) {
    if (outer === "") errors.push(required("spec.externalTrafficPolicy"));
    else if (!POLICIES.includes(outer))
      errors.push(notSupported("spec.externalTrafficPolicy", outer, POLICIES));
  } else if (outer !== "") {
    const why = "may only be set for externally-accessible services";
    errors.push(invalid("spec.externalTrafficPolicy", outer, why));
  }
  errors.push(...healthPortErrors(spec, type === "LoadBalancer" && outer === "Local"));
  const inner = readText(spec, "internalTrafficPolicy");
  if (["ClusterIP", "LoadBalancer", "NodePort"].includes(type)) {
    if (inner === "") errors.push(required("spec.internalTrafficPolicy"));
    else if (!POLICIES.includes(inner))
      errors.push(notSupported("spec.internalTrafficPolicy", inner, POLICIES));
  }
  const distribution = readText(spec, "trafficDistribution");
  if (spec["trafficDistribution"] !== undefined && !DISTRIBUTIONS.includes(distribution))
    errors.push(notSupported("spec.trafficDistribution", distribution, DISTRIBUTIONS));
  return errors;
}

function healthPortErrors(spec: JsonObject, allowed: boolean): readonly FieldError[] {
  const field = "spec.healthCheckNodePort";
  const port = readNumber(spec, "healthCheckNodePort") ?? 0;
  if (allowed || port === 0) return [];
  const why =
    "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
  return [invalid(field, port, why)];
}

function classChangeErrors(spec: JsonObject, before: JsonObject): readonly FieldError[] {
  const isBalanced = [spec, before].every((each) => readText(each, "type") === "LoadBalancer");
  if (!isBalanced || spec["loadBalancerClass"] === before["loadBalancerClass"]) return [];
  return [invalid("spec.loadBalancerClass", spec["loadBalancerClass"], "may not change once set")];
}
