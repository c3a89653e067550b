/**
 * Flags that kube-apiserver has and that change nothing here, for those who bring a file of them:
 * what they ask for is as they want it, or tunes what this server has not. In: flags. Out: faults
 * for what they ask for in vain, and the feature gates that they name. Pure.
 * @see Kubernetes reference, kube-apiserver
 */
import { builtinKinds } from "@rktnetes/api/kinds";
import { Fault, parseDuration, quote } from "@shared/base";
import type { Flag, FlagValues } from "../flags/flags.ts";

type Form = "BOOL" | "N" | "DURATION" | "TEXT";

interface Accepted {
  readonly name: string;
  readonly form: Form;
  /** The one value that is true here; any without it. */
  readonly only?: string;
}

/** Say what is so here anyway; another value would ask for something else. */
const SETTLED: Readonly<Record<string, string>> = {
  "allow-privileged": "true",
  "enable-bootstrap-token-auth": "true",
  "enable-garbage-collector": "true",
  "enable-priority-and-fairness": "true",
  "endpoint-reconciler-type": "lease",
  "etcd-prefix": "/registry",
  "kubernetes-service-node-port": "0",
  "logging-format": "text",
  "service-account-lookup": "true",
  "service-node-port-range": "30000-32767",
  "storage-backend": "etcd3",
  "tls-min-version": "VersionTLS12",
};

/** Tune what is not tuned here, or speak of nodes, of which there are none. */
const UNUSED: readonly (readonly [form: Form, names: readonly string[]])[] = [
  [
    "BOOL",
    [
      "contention-profiling",
      "enable-aggregator-routing",
      "enable-logs-handler",
      "profiling",
      "shutdown-send-retry-after",
      "watch-cache",
    ],
  ],
  [
    "N",
    [
      "apiserver-count",
      "default-watch-cache-size",
      "delete-collection-workers",
      "http2-max-streams-per-connection",
      "lease-reuse-duration-seconds",
      "min-request-timeout",
      "v",
    ],
  ],
  [
    "DURATION",
    [
      "etcd-count-metric-poll-period",
      "etcd-db-metric-poll-interval",
      "etcd-healthcheck-timeout",
      "etcd-readycheck-timeout",
      "kubelet-timeout",
      "livez-grace-period",
      "log-flush-frequency",
      "request-timeout",
      "shutdown-delay-duration",
    ],
  ],
  [
    "TEXT",
    [
      "feature-gates",
      "kubelet-certificate-authority",
      "kubelet-client-certificate",
      "kubelet-client-key",
      "kubelet-preferred-address-types",
      "runtime-config",
      "storage-media-type",
      "vmodule",
      "watch-cache-sizes",
    ],
  ],
];

const ACCEPTED: readonly Accepted[] = [
  ...Object.entries(SETTLED).map(([name, only]) => ({ name, form: formOf(only), only })),
  ...UNUSED.flatMap(([form, names]) => names.map((name) => ({ name, form }))),
].sort((left, right) => (left.name < right.name ? -1 : 1));

function formOf(value: string): Form {
  return value === "true" ? "BOOL" : "TEXT";
}

export const KUBERNETES_FLAGS: readonly Flag[] = ACCEPTED.map(({ name, form, only }) => ({
  name,
  ...(form === "BOOL" ? {} : { value: form }),
  usage: only === undefined ? "has no effect" : `is ${only}`,
}));

/** @throws {Fault} "invalid", "unsupported" for what is not so here */
export function checkKubernetesFlags(flags: FlagValues): void {
  for (const { name, form, only } of ACCEPTED) {
    const text = flags.get(name);
    if (text === undefined) continue;
    const value = form === "BOOL" ? boolIn(text) : text;
    if (value === undefined || !isOf(form, value)) {
      const why = `invalid argument ${quote(text)} for --${name}`;
      throw new Fault("invalid", `${why}: not a ${WORDS[form]}`);
    }
    if (only !== undefined && value !== only) {
      throw new Fault("unsupported", `set --${name} to ${quote(text)}: here it is ${quote(only)}`);
    }
  }
  for (const [key, isOn] of pairsOf(flags, "runtime-config")) checkServed(key, isOn);
}

/** Names of feature gates that somebody wants to be on or off: none is known here. */
export function featureGates(flags: FlagValues): readonly string[] {
  return pairsOf(flags, "feature-gates").map(([name]) => name);
}

const WORDS: Readonly<Record<Form, string>> = {
  BOOL: "truth value",
  N: "number",
  DURATION: "duration",
  TEXT: "text",
};

function isOf(form: Form, text: string): boolean {
  if (form === "N") return /^\d{1,9}$/.test(text);
  if (form !== "DURATION") return true;
  try {
    return parseDuration(text) >= 0;
  } catch {
    return false;
  }
}

/** As Go reads them. */
function boolIn(text: string): "true" | "false" | undefined {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return "true";
  return /^(?:0|f|F|FALSE|false|False)$/.test(text) ? "false" : undefined;
}

/** `name=true,other=false` as names and what they are to be. */
function pairsOf(flags: FlagValues, name: string): readonly (readonly [string, boolean])[] {
  const entries = (flags.get(name) ?? "").split(",").filter((entry) => entry !== "");
  return entries.map((entry) => {
    const [, key = "", text = "true"] = /^([^=]+)(?:=(.*))?$/.exec(entry.trim()) ?? [];
    const value = boolIn(text);
    if (key !== "" && value !== undefined) return [key, value === "true"] as const;
    const why = `invalid argument ${quote(entry)} for --${name}: not a name and a truth value`;
    throw new Fault("invalid", why);
  });
}

/** What Kubernetes serves by default, in classes and by version. */
function checkServed(key: string, isOn: boolean): void {
  const [group = "", version = ""] = key === "v1" ? ["", "v1"] : key.split("/");
  const isServed =
    group === "api"
      ? { ga: true, beta: false, alpha: false }[version]
      : builtinKinds().some((kind) => kind.group === group && kind.version === version);
  if (isServed === isOn) return;
  const what = `turn ${isOn ? "on" : "off"} ${quote(key)} with --runtime-config`;
  const hint = "what Kubernetes serves by default is served, and nothing else";
  throw new Fault("unsupported", `${what}: that is fixed`, { hint });
}
