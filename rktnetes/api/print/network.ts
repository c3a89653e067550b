/** Services, endpoints and what leads to them as rows. Pure. */
import type { JsonObject } from "../schema/schema.ts";
import { readText } from "../strategy/object-at.ts";
import {
  ageOf,
  annotationOf,
  at,
  countAt,
  formatLabels,
  formatSelector,
  joinSome,
  nameOf,
  NONE,
  numberAt,
  objectOf,
  objectsAt,
  orNone,
  type Row,
  textAt,
  textsAt,
  UNSET,
} from "./cells.ts";

export const serviceRow: Row = (object, context) => {
  const [first] = textsAt(object, "spec", "clusterIPs");
  return [
    nameOf(object),
    textAt(object, "spec", "type"),
    orNone(first ?? textAt(object, "spec", "clusterIP")),
    externalAddress(object),
    servicePorts(object),
    ageOf(object, context),
    formatLabels(objectOf(at(object, "spec", "selector"))),
  ];
};

function externalAddress(service: JsonObject): string {
  const own = textsAt(service, "spec", "externalIPs");
  switch (textAt(service, "spec", "type")) {
    case "ExternalName":
      return textAt(service, "spec", "externalName");
    case "LoadBalancer":
      return [...balancerAddresses(service), ...own].join(",") || "<pending>";
    default:
      return orNone(own.join(","));
  }
}

function balancerAddresses(object: JsonObject): readonly string[] {
  const all = objectsAt(object, "status", "loadBalancer", "ingress").map((each) => {
    return readText(each, "ip") || readText(each, "hostname");
  });
  return [...new Set(all.filter((text) => text !== ""))].sort();
}

function servicePorts(service: JsonObject): string {
  const ports = objectsAt(service, "spec", "ports").map((port) => {
    const node = numberAt(port, "nodePort");
    return `${numberAt(port, "port")}${node > 0 ? `:${node}` : ""}/${readText(port, "protocol")}`;
  });
  return orNone(ports.join(","));
}

export const endpointsRow: Row = (object, context) => {
  const all = objectsAt(object, "subsets").flatMap((subset) => {
    const addresses = objectsAt(subset, "addresses").map((each) => readText(each, "ip"));
    const ports = objectsAt(subset, "ports");
    if (ports.length === 0) return addresses;
    return ports.flatMap((port) => {
      return addresses.map((address) => hostPort(address, numberAt(port, "port")));
    });
  });
  return [nameOf(object), orNone(joinSome(all, 3, ",")), ageOf(object, context)];
};

function hostPort(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

export const endpointSliceRow: Row = (object, context) => {
  const ports = objectsAt(object, "ports").map((port) => {
    return textAt(port, "port") || readText(port, "name");
  });
  const addresses = objectsAt(object, "endpoints").flatMap((each) => textsAt(each, "addresses"));
  return [
    nameOf(object),
    textAt(object, "addressType"),
    ports.length === 0 ? UNSET : joinSome(ports, 3, ","),
    addresses.length === 0 ? UNSET : joinSome(addresses, 3, ","),
    ageOf(object, context),
  ];
};

export const ingressRow: Row = (object, context) => {
  const named = textAt(object, "spec", "ingressClassName");
  const rules = objectsAt(object, "spec", "rules").map((rule) => readText(rule, "host"));
  const hosts = rules.filter((host) => host !== "");
  return [
    nameOf(object),
    orNone(named || annotationOf(object, "kubernetes.io/ingress.class")),
    hosts.length === 0 ? "*" : joinSome(hosts, 3, ","),
    balancerAddresses(object).join(","),
    countAt(object, "spec", "tls") > 0 ? "80, 443" : "80",
    ageOf(object, context),
  ];
};

export const ingressClassRow: Row = (object, context) => {
  const isDefault = annotationOf(object, "ingressclass.kubernetes.io/is-default-class") === "true";
  const parameters = objectOf(at(object, "spec", "parameters"));
  const group = textAt(parameters, "apiGroup");
  const kind = `${textAt(parameters, "kind")}${group === "" ? "" : `.${group}`}`;
  return [
    `${nameOf(object)}${isDefault ? " (default)" : ""}`,
    textAt(object, "spec", "controller"),
    at(object, "spec", "parameters") === undefined ? NONE : `${kind}/${textAt(parameters, "name")}`,
    ageOf(object, context),
  ];
};

export const networkPolicyRow: Row = (object, context) => [
  nameOf(object),
  formatSelector(objectOf(at(object, "spec", "podSelector"))),
  ageOf(object, context),
];

/** The age has no column, yet it is there. */
export const ipAddressRow: Row = (object, context) => {
  const parent = objectOf(at(object, "spec", "parentRef"));
  const group = textAt(parent, "group");
  const resource = `${textAt(parent, "resource")}${group === "" ? "" : `.${group}`}`;
  const path = [resource, textAt(parent, "namespace"), textAt(parent, "name")];
  const named = path.filter((part) => part !== "").join("/");
  return [nameOf(object), named, ageOf(object, context)];
};

export const serviceCidrRow: Row = (object, context) => [
  nameOf(object),
  textsAt(object, "spec", "cidrs").join(","),
  ageOf(object, context),
];
