/**
 * One container of a Pod: its fields flow in; the words of `rkt run` for its image flow out, and
 * the words for its ports. Pure.
 */
import { Fault, quote } from "@shared/base";
import { parseAcName } from "./ac-name.ts";
import {
  type JsonObject,
  readBoolean,
  readInteger,
  readList,
  readObject,
  readText,
  readTexts,
} from "./document.ts";
import { containerEnvironment, expandVariables } from "./kube-environment.ts";
import { securityWords } from "./kube-security.ts";
import type { KubePodSetting } from "./kube-setting.ts";
import { parseQuantity, thousandths } from "./quantity.ts";

export interface ContainerWords {
  /** Words before the first image. */
  readonly ports: readonly string[];
  /** The image, its flags and its arguments. */
  readonly words: readonly string[];
}

const LEFT_OUT = [
  "lifecycle",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
  "volumeDevices",
] as const;

export function containerWords(
  pod: KubePodSetting,
  container: JsonObject,
  { isInit, place }: { readonly isInit: boolean; readonly place: string },
): ContainerWords {
  const text = (field: string): string | undefined =>
    readText(container[field], `${place}.${field}`);
  const name = text("name");
  const image = text("image");
  if (name === undefined || image === undefined) {
    throw new Fault("invalid", `${place} has no ${name === undefined ? "name" : "image"}`);
  }
  parseAcName(name);
  for (const field of LEFT_OUT) {
    if (container[field] !== undefined)
      pod.note(`${field} of container ${quote(name)} is left out`);
  }
  const environment = containerEnvironment(pod, container, place);
  const workingDirectory = text("workingDir");
  const flags = [
    `--name=${name}`,
    ...[...environment].map(([key, value]) => `--environment=${key}=${value}`),
    ...(workingDirectory === undefined ? [] : [`--working-dir=${workingDirectory}`]),
    ...mountWords(pod, container, place),
    ...limitWords(container, place),
    ...securityWords(pod.spec, container, place),
    ...(isInit ? ["--init-app"] : restartWords(pod.spec)),
  ];
  const command = commandWords(container, place, environment);
  return { ports: portWords(pod, container, place), words: [source(image), ...flags, ...command] };
}

/** Kubernetes starts containers again unless told. */
function restartWords(spec: JsonObject): string[] {
  const policy = readText(spec["restartPolicy"], "spec.restartPolicy") ?? "Always";
  switch (policy) {
    case "Always":
      return ["--restart=always"];
    case "OnFailure":
      return ["--restart=on-failure"];
    case "Never":
      return [];
  }
  throw new Fault("invalid", `spec.restartPolicy is ${quote(policy)}`, {
    hint: "One of: Always, OnFailure, Never.",
  });
}

/** A name is one of a registry; what names its way itself, or is a file, stays. */
function source(image: string): string {
  return /^[a-z]+:\/\/|^oci:|^\.?\//.test(image) ? image : `docker://${image}`;
}

function commandWords(
  container: JsonObject,
  place: string,
  environment: ReadonlyMap<string, string>,
): string[] {
  const list = (field: string): string[] | undefined =>
    readTexts(container[field], `${place}.${field}`)?.map((each) =>
      expandVariables(each, environment),
    );
  const [program, ...more] = list("command") ?? [];
  const args = list("args") ?? [];
  const all = program === undefined ? args : [...more, ...args];
  if (all.includes("---")) throw new Fault("unsupported", `${place}: "---" as an argument`);
  const words = all.length === 0 ? [] : ["--", ...all];
  if (program !== undefined) return [`--exec=${program}`, ...words];
  return args.length === 0 ? [] : ["--replace-cmd", ...words];
}

function mountWords(pod: KubePodSetting, container: JsonObject, place: string): string[] {
  const mounts = readList(container["volumeMounts"], `${place}.volumeMounts`, readObject) ?? [];
  return mounts.map((mount, at) => {
    const here = `${place}.volumeMounts[${at}]`;
    const text = (field: string): string => readText(mount[field], `${here}.${field}`) ?? "";
    const readOnly = readBoolean(mount["readOnly"], `${here}.readOnly`) ?? false;
    const volume = pod.volumes.use(text("name"), { readOnly, subPath: text("subPath") });
    return `--mount=volume=${volume},target=${text("mountPath")}`;
  });
}

const SHARES_OF_ONE_CPU = 1024;

function limitWords(container: JsonObject, place: string): string[] {
  const resources = readObject(container["resources"] ?? {}, `${place}.resources`);
  const limits = readObject(resources["limits"] ?? {}, `${place}.resources.limits`);
  const requests = readObject(resources["requests"] ?? {}, `${place}.resources.requests`);
  const quantity = (of: JsonObject, field: string): string | undefined => {
    const value = of[field];
    return typeof value === "number" ? String(value) : readText(value, `${place}.${field}`);
  };
  const [memory, cpu] = [quantity(limits, "memory"), quantity(limits, "cpu")];
  const shares = quantity(requests, "cpu");
  return [
    ...(memory === undefined ? [] : [`--memory=${memory}`]),
    ...(cpu === undefined ? [] : [`--cpu=${cpu}`]),
    ...(shares === undefined ? [] : [`--cpu-shares=${sharesOf(shares)}`]),
  ];
}

function sharesOf(cpu: string): number {
  const milli = thousandths(parseQuantity(cpu));
  return Math.max(2, Math.round((milli * SHARES_OF_ONE_CPU) / 1000));
}

const PORT = { min: 1, max: 65_535 };

function portWords(pod: KubePodSetting, container: JsonObject, place: string): string[] {
  if (pod.spec["hostNetwork"] === true) return [];
  const ports = readList(container["ports"], `${place}.ports`, readObject) ?? [];
  return ports.flatMap((port, at) => {
    const here = `${place}.ports[${at}]`;
    const inside = readInteger(port["containerPort"], `${here}.containerPort`, PORT);
    const outside = readInteger(port["hostPort"], `${here}.hostPort`, PORT);
    if (inside === undefined) throw new Fault("invalid", `${here} has no containerPort`);
    if (outside === undefined) return [];
    const ip = readText(port["hostIP"], `${here}.hostIP`);
    const protocol = (readText(port["protocol"], `${here}.protocol`) ?? "TCP").toLowerCase();
    const address = ip === undefined ? "" : `${ip.includes(":") ? `[${ip}]` : ip}:`;
    return [`--port=${address}${outside}:${inside}/${protocol}`];
  });
}
