/** What is wrong with network policies. In: decoded objects. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import {
  findObject,
  readList,
  readNumber,
  readObject,
  readText,
  readTexts,
} from "../../strategy/object-at.ts";
import { contains, parseCidr } from "../../values/ip.ts";
import { cidrErrors } from "../addresses.ts";
import { choiceErrors, type Errors, labelSelectorErrors, portErrors } from "../checks.ts";
import { type FieldError, forbidden, invalid, required } from "../field-error.ts";

const PROTOCOLS = ["TCP", "UDP", "SCTP"];
const TYPES = ["Ingress", "Egress"];

export function networkPolicyErrors(policy: JsonObject): Errors {
  const spec = readObject(policy, "spec");
  const errors: FieldError[] = [
    ...labelSelectorErrors(readObject(spec, "podSelector"), "spec.podSelector"),
  ];
  for (const [at, rule] of readList(spec, "ingress").entries())
    errors.push(...ruleErrors(rule, `spec.ingress[${at}]`, "from"));
  for (const [at, rule] of readList(spec, "egress").entries())
    errors.push(...ruleErrors(rule, `spec.egress[${at}]`, "to"));
  const types = readTexts(spec, "policyTypes");
  if (types.length > TYPES.length)
    return [
      ...errors,
      invalid("spec.policyTypes", [...types], "may not specify more than two policyTypes"),
    ];
  const named = types.flatMap((type, at) => choiceErrors(`spec.policyTypes[${at}]`, type, TYPES));
  return [...errors, ...named];
}

function ruleErrors(rule: JsonObject, field: string, side: "from" | "to"): Errors {
  const ports = readList(rule, "ports").flatMap((port, at) =>
    policyPortErrors(port, `${field}.ports[${at}]`),
  );
  const peers = readList(rule, side).flatMap((peer, at) =>
    peerErrors(peer, `${field}.${side}[${at}]`),
  );
  return [...ports, ...peers];
}

function policyPortErrors(entry: JsonObject, field: string): Errors {
  const errors: FieldError[] = [...choiceErrors(`${field}.protocol`, entry["protocol"], PROTOCOLS)];
  const port = entry["port"];
  const end = readNumber(entry, "endPort");
  if (port === undefined) {
    if (end !== undefined)
      errors.push(
        invalid(`${field}.endPort`, end, "may not be specified when `port` is not specified"),
      );
    return errors;
  }
  errors.push(...portErrors(`${field}.port`, port));
  if (end === undefined) return errors;
  if (typeof port === "string")
    return [
      ...errors,
      invalid(`${field}.endPort`, end, "may not be specified when `port` is non-numeric"),
    ];
  if (end < Number(port))
    errors.push(invalid(`${field}.endPort`, port, "must be greater than or equal to `port`"));
  return [...errors, ...portErrors(`${field}.endPort`, end)];
}

function peerErrors(peer: JsonObject, field: string): Errors {
  const errors: FieldError[] = [];
  let count = 0;
  for (const name of ["podSelector", "namespaceSelector"]) {
    const selector = findObject(peer, name);
    if (selector === undefined) continue;
    count++;
    errors.push(...labelSelectorErrors(selector, `${field}.${name}`));
  }
  const block = findObject(peer, "ipBlock");
  if (block !== undefined) errors.push(...blockErrors(block, `${field}.ipBlock`));
  if (block !== undefined && count > 0)
    errors.push(forbidden(field, "may not specify both ipBlock and another peer"));
  if (block === undefined && count === 0) errors.push(required(field, "must specify a peer"));
  return errors;
}

function blockErrors(block: JsonObject, field: string): Errors {
  const text = readText(block, "cidr");
  if (text === "") return [required(`${field}.cidr`)];
  const range = parseCidr(text);
  if (range === undefined) return cidrErrors(`${field}.cidr`, text);
  return readTexts(block, "except").flatMap((each, at) => {
    const where = `${field}.except[${at}]`;
    const hole = parseCidr(each);
    if (hole === undefined) return cidrErrors(where, each);
    if (contains(range, hole) && hole.prefix > range.prefix) return [];
    return [invalid(where, each, "must be a strict subset of `cidr`")];
  });
}
