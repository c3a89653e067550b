/**
 * The environment of a container: values, references to ConfigMaps and Secrets of the same file,
 * and fields of the Pod that are known before it runs. Pure.
 */
import { Fault, quote } from "@shared/base";
import {
  type JsonObject,
  readBoolean,
  readList,
  readObject,
  readText,
  readTextMap,
} from "./document.ts";
import { keysOf } from "./kube-data.ts";
import type { KubePodSetting } from "./kube-setting.ts";

/** In the order of the file: later ones may refer to earlier ones, and win. */
export function containerEnvironment(
  pod: KubePodSetting,
  container: JsonObject,
  place: string,
): ReadonlyMap<string, string> {
  const environment = new Map<string, string>();
  const sources = readList(container["envFrom"], `${place}.envFrom`, readObject) ?? [];
  for (const [at, source] of sources.entries()) {
    const here = `${place}.envFrom[${at}]`;
    const prefix = readText(source["prefix"], `${here}.prefix`) ?? "";
    for (const [key, bytes] of allKeys(pod, source, here)) {
      environment.set(`${prefix}${key}`, Buffer.from(bytes).toString());
    }
  }
  const list = readList(container["env"], `${place}.env`, readObject) ?? [];
  for (const [at, variable] of list.entries()) {
    const here = `${place}.env[${at}]`;
    const name = readText(variable["name"], `${here}.name`);
    if (name === undefined) throw new Fault("invalid", `${here} has no name`);
    const value = valueOf(pod, variable, here);
    if (value !== undefined) environment.set(name, expandVariables(value, environment));
  }
  return environment;
}

/** `$(NAME)` becomes its value, `$$(NAME)` the text `$(NAME)`; what nobody set stays as it is. */
export function expandVariables(text: string, environment: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) => {
    if (name === undefined) return "$";
    return environment.get(name) ?? whole;
  });
}

function allKeys(
  { documents }: KubePodSetting,
  source: JsonObject,
  place: string,
): ReadonlyMap<string, Uint8Array> {
  const field = "secretRef" in source ? "secretRef" : "configMapRef";
  const reference = readObject(source[field] ?? {}, `${place}.${field}`);
  const kind = field === "secretRef" ? "Secret" : "ConfigMap";
  const name = readText(reference["name"], `${place}.${field}.name`) ?? "";
  const keys = keysOf(documents, { kind, name });
  if (keys !== undefined) return keys;
  if (readBoolean(reference["optional"], `${place}.${field}.optional`) === true) return new Map();
  throw new Fault("not-found", `${place}: the file has no ${kind} ${quote(name)}`);
}

function valueOf(pod: KubePodSetting, variable: JsonObject, place: string): string | undefined {
  const from = variable["valueFrom"];
  if (from === undefined || from === null)
    return readText(variable["value"], `${place}.value`) ?? "";
  const given = readObject(from, `${place}.valueFrom`);
  const [field = ""] = Object.keys(given);
  const reference = readObject(given[field] ?? {}, `${place}.valueFrom.${field}`);
  if (field === "fieldRef")
    return fieldOf(pod, readText(reference["fieldPath"], place) ?? "", place);
  if (field !== "configMapKeyRef" && field !== "secretKeyRef") {
    throw new Fault("unsupported", `${place}: ${field} is not supported`);
  }
  const kind = field === "secretKeyRef" ? "Secret" : "ConfigMap";
  const name = readText(reference["name"], `${place}.name`) ?? "";
  const key = readText(reference["key"], `${place}.key`) ?? "";
  const bytes = keysOf(pod.documents, { kind, name })?.get(key);
  if (bytes !== undefined) return Buffer.from(bytes).toString();
  if (readBoolean(reference["optional"], `${place}.optional`) === true) return undefined;
  throw new Fault(
    "not-found",
    `${place}: the file has no key ${quote(key)} of ${kind} ${quote(name)}`,
  );
}

function fieldOf(
  { metadata, spec, nodeName }: KubePodSetting,
  path: string,
  place: string,
): string {
  const [, map, key = ""] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (map !== undefined) return readTextMap(metadata[map], `metadata.${map}`)?.[key] ?? "";
  switch (path) {
    case "metadata.name":
      return readText(metadata["name"], path) ?? "";
    case "metadata.namespace":
      return readText(metadata["namespace"], path) ?? "default";
    case "spec.nodeName":
      return nodeName;
    case "spec.serviceAccountName":
      return readText(spec["serviceAccountName"], path) ?? "default";
  }
  const known = "metadata.name, metadata.namespace, metadata.labels['KEY'], spec.nodeName";
  throw new Fault(
    "unsupported",
    `${place}: field ${quote(path)} is not known before the pod runs`,
    {
      hint: `Known are ${known} and metadata.annotations['KEY'].`,
    },
  );
}
