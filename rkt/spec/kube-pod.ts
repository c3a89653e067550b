/**
 * Pods as Kubernetes writes them: the text of a YAML file flows in; out flow, for each Pod of it,
 * the words that `rkt run` takes for the same pod, the files of its volumes, and what was left out.
 * ConfigMaps and Secrets of the same file are known. Pure.
 *
 * Not part of mod.ts: nobody else pays for the YAML parser.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
 */
import { Fault, quote } from "@shared/base";
import { type JsonObject, readList, readObject, readText, readTextMap } from "./document.ts";
import { containerWords } from "./kube-container.ts";
import type { KubePodSetting } from "./kube-setting.ts";
import { parseYaml } from "./kube-yaml.ts";
import { kubeVolumes, type VolumeFile } from "./kube-volumes.ts";

/** One Pod of the file. */
export interface KubePod {
  readonly name: string;
  /** The arguments of `rkt run`: flags of the pod, then each image with its own. */
  readonly words: readonly string[];
  /** What belongs into volumes of kind "empty" before the pod starts. */
  readonly files: readonly VolumeFile[];
  /** How long apps get to end by themselves. */
  readonly stopGraceMs: number | undefined;
  /** Fields that mean nothing here, as lines for the person. */
  readonly notes: readonly string[];
}

/** What the machine knows that the file may ask for. */
export interface KubeHost {
  /** The value of `spec.nodeName`. */
  readonly nodeName: string;
}

/** @throws {Fault} "invalid" with the position in the file, or the place of the field */
export function parseKubePods(text: string, file: string, host: KubeHost): KubePod[] {
  const documents = parseYaml(text, file);
  const pods = documents.filter((each) => each["kind"] === "Pod");
  const foreign = documents.find((each) => !KINDS.has(String(each["kind"])));
  if (foreign !== undefined) {
    const kind = quote(String(foreign["kind"]));
    throw new Fault("invalid", `${file}: documents of kind ${kind} are not supported`, {
      hint: "A file may hold Pods, and the ConfigMaps and Secrets that they use.",
    });
  }
  if (pods.length === 0) throw new Fault("invalid", `${file}: there is no Pod in it`);
  return pods.map((pod) => onePod(pod, { documents, host }));
}

const KINDS = new Set(["Pod", "ConfigMap", "Secret"]);

interface Around {
  readonly documents: readonly JsonObject[];
  readonly host: KubeHost;
}

function onePod(document: JsonObject, { documents, host }: Around): KubePod {
  const metadata = readObject(document["metadata"] ?? {}, "metadata");
  const name = readText(metadata["name"], "metadata.name");
  if (name === undefined) throw new Fault("invalid", "a Pod has no metadata.name");
  const where = `pod ${quote(name)}`;
  try {
    const spec = readObject(document["spec"] ?? {}, "spec");
    const notes: string[] = [];
    const volumes = kubeVolumes(spec, { name, documents });
    const setting: KubePodSetting = {
      name,
      metadata,
      spec,
      documents,
      nodeName: host.nodeName,
      note: (line) => notes.push(`${where}: ${line}`),
      volumes,
    };
    leaveOut(spec, LEFT_OUT, setting.note);
    const containers = allContainers(spec);
    const apps = containers.map(({ container, isInit, place }) =>
      containerWords(setting, container, { isInit, place }),
    );
    return {
      name,
      words: [
        ...podWords(setting),
        ...apps.flatMap(({ ports }) => ports),
        ...volumes.words(),
        ...apps.flatMap(({ words }, at) => [...words, ...(at < apps.length - 1 ? ["---"] : [])]),
      ],
      files: volumes.files,
      stopGraceMs: seconds(spec["terminationGracePeriodSeconds"]),
      notes,
    };
  } catch (cause) {
    throw new Fault(Fault.from(cause).kind, where, { cause });
  }
}

interface Placed {
  readonly container: JsonObject;
  readonly isInit: boolean;
  readonly place: string;
}

function allContainers(spec: JsonObject): Placed[] {
  const list = (field: string, isInit: boolean): Placed[] =>
    readList(spec[field], `spec.${field}`, (value, place) => {
      const container = readObject(value, place);
      // One that goes on beside the others is a sidecar.
      return { container, place, isInit: isInit && container["restartPolicy"] !== "Always" };
    }) ?? [];
  const containers = list("containers", false);
  if (containers.length === 0) throw new Fault("invalid", "spec.containers is empty");
  return [...list("initContainers", true), ...containers];
}

/** Fields that say nothing to a machine without a scheduler, or that rkt has no counterpart of. */
const LEFT_OUT = [
  "activeDeadlineSeconds",
  "affinity",
  "ephemeralContainers",
  "hostPID",
  "runtimeClassName",
  "topologySpreadConstraints",
] as const;

function leaveOut(spec: JsonObject, fields: readonly string[], note: (line: string) => void): void {
  for (const field of fields) {
    if (spec[field] !== undefined) note(`spec.${field} is left out`);
  }
}

function podWords({ name, spec, metadata }: KubePodSetting): string[] {
  const words = [`--pod-name=${name}`];
  words.push(`--hostname=${readText(spec["hostname"], "spec.hostname") ?? name}`);
  if (spec["hostNetwork"] === true) words.push("--net=host");
  if (spec["hostIPC"] === true) words.push("--ipc=parent");
  if (spec["hostUsers"] === false) words.push("--private-users");
  const aliases = readList(spec["hostAliases"], "spec.hostAliases", readObject) ?? [];
  for (const [at, alias] of aliases.entries()) {
    const place = `spec.hostAliases[${at}]`;
    const ip = readText(alias["ip"], `${place}.ip`) ?? "";
    const names = readList(alias["hostnames"], `${place}.hostnames`, readText) ?? [];
    words.push(...names.map((each) => `--hosts-entry=${ip}=${each}`));
  }
  words.push(...dnsWords(readObject(spec["dnsConfig"] ?? {}, "spec.dnsConfig")));
  const security = readObject(spec["securityContext"] ?? {}, "spec.securityContext");
  const sysctls = readList(security["sysctls"], "spec.securityContext.sysctls", readTextMap) ?? [];
  words.push(...sysctls.map((each) => `--sysctl=${each?.["name"]}=${each?.["value"]}`));
  readTextMap(metadata["labels"], "metadata.labels");
  return words;
}

function dnsWords(dns: JsonObject): string[] {
  const texts = (field: string): string[] =>
    (readList(dns[field], `spec.dnsConfig.${field}`, readText) ?? []).map((each) => each ?? "");
  const options = readList(dns["options"], "spec.dnsConfig.options", readTextMap) ?? [];
  return [
    ...texts("nameservers").map((each) => `--dns=${each}`),
    ...texts("searches").map((each) => `--dns-search=${each}`),
    ...options.map((option) => {
      const value = option?.["value"];
      return `--dns-opt=${option?.["name"]}${value === undefined ? "" : `:${value}`}`;
    }),
  ];
}

function seconds(value: unknown): number | undefined {
  return typeof value === "number" ? value * 1000 : undefined;
}
