/**
 * Checks of the level "baseline". In: a pod's metadata and spec. Out: what is forbidden, in words;
 * undefined for nothing. @see Pod Security Standards, Baseline
 */
import type { Check } from "./check.ts";
import {
  containersNamed,
  containersOf,
  namesWhere,
  plural,
  quoteAll,
  settersNamed,
  sortedSet,
} from "./words.ts";

const DEFAULT_CAPABILITIES: ReadonlySet<string> = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);

const APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/";

const appArmor: Check = ({ metadata, spec }) => {
  const annotations = Object.entries(metadata?.annotations ?? {}).filter(
    ([key, value]) =>
      key.startsWith(APP_ARMOR) && !["", "runtime/default"].includes(value) && !isLocal(value),
  );
  const isBad = (type: string | undefined): boolean =>
    type !== undefined && type !== "RuntimeDefault" && type !== "Localhost";
  const pod = isBad(spec.securityContext?.appArmorProfile?.type);
  const names = namesWhere(spec, (each) => isBad(each.securityContext?.appArmorProfile?.type));
  const types = sortedSet(
    [spec, ...containersOf(spec)]
      .map(({ securityContext }) => securityContext?.appArmorProfile?.type)
      .filter((type) => type !== undefined && isBad(type)) as string[],
  );
  const details: string[] = [];
  const setters = settersNamed(pod, names);
  if (setters !== "")
    details.push(`${setters} must not set AppArmor profile type to ${quoteAll(types)}`);
  if (annotations.length > 0) {
    const shown = annotations.map(([key, value]) => `${key}=${JSON.stringify(value)}`).sort();
    details.push(`${plural("annotation", "annotations", shown.length)} ${shown.join(", ")}`);
  }
  if (details.length === 0) return undefined;
  const reason = plural(
    "forbidden AppArmor profile",
    "forbidden AppArmor profiles",
    types.length + annotations.length,
  );
  return { reason, detail: details.join("; ") };
};

function isLocal(profile: string): boolean {
  return profile.startsWith("localhost/");
}

const capabilities: Check = ({ spec }) => {
  const bad = (names: readonly string[] | undefined): readonly string[] =>
    (names ?? []).filter((name) => !DEFAULT_CAPABILITIES.has(name));
  const added = containersOf(spec).flatMap((each) => bad(each.securityContext?.capabilities?.add));
  if (added.length === 0) return undefined;
  const names = namesWhere(spec, (each) => bad(each.securityContext?.capabilities?.add).length > 0);
  const what = `must not include ${quoteAll(sortedSet(added))} in securityContext.capabilities.add`;
  return { reason: "non-default capabilities", detail: `${containersNamed(names)} ${what}` };
};

const hostNamespaces: Check = ({ spec }) => {
  const used = (["hostNetwork", "hostPID", "hostIPC"] as const).filter((field) => spec[field]);
  if (used.length === 0) return undefined;
  return { reason: "host namespaces", detail: used.map((field) => `${field}=true`).join(", ") };
};

const hostPath: Check = ({ spec }) => {
  const names = (spec.volumes ?? []).filter((each) => each.hostPath !== undefined);
  if (names.length === 0) return undefined;
  const shown = quoteAll(names.map(({ name }) => name));
  const detail = `${plural("volume", "volumes", names.length)} ${shown}`;
  return { reason: "hostPath volumes", detail };
};

const hostPorts: Check = ({ spec }) => {
  const names = namesWhere(spec, ({ ports }) =>
    (ports ?? []).some(({ hostPort }) => (hostPort ?? 0) !== 0),
  );
  if (names.length === 0) return undefined;
  const ports = sortedSet(
    containersOf(spec)
      .flatMap((each) => each.ports ?? [])
      .map(({ hostPort }) => String(hostPort ?? 0))
      .filter((port) => port !== "0"),
  );
  const uses = plural("uses", "use", names.length);
  const what = plural("hostPort", "hostPorts", ports.length);
  return {
    reason: "hostPort",
    detail: `${containersNamed(names)} ${uses} ${what} ${ports.join(", ")}`,
  };
};

/** Probes and hooks may not reach for another host. */
const probeHosts: Check = ({ spec }) => {
  const names = namesWhere(spec, (each) => {
    const { livenessProbe, readinessProbe, startupProbe, lifecycle } = each;
    const all = [livenessProbe, readinessProbe, startupProbe];
    const handlers = [...all, lifecycle?.postStart, lifecycle?.preStop];
    return handlers.some(
      (handler) => (handler?.httpGet?.host ?? "") !== "" || (handler?.tcpSocket?.host ?? "") !== "",
    );
  });
  if (names.length === 0) return undefined;
  const uses = plural("uses", "use", names.length);
  const reason = "probe or lifecycle host";
  return { reason, detail: `${containersNamed(names)} ${uses} probe or lifecycle host` };
};

const privileged: Check = ({ spec }) => {
  const names = namesWhere(spec, (each) => each.securityContext?.privileged === true);
  if (names.length === 0) return undefined;
  const detail = `${containersNamed(names)} must not set securityContext.privileged=true`;
  return { reason: "privileged", detail };
};

const procMount: Check = ({ spec }) => {
  const isBad = (mount: string | undefined): boolean => mount !== undefined && mount !== "Default";
  const names = namesWhere(spec, (each) => isBad(each.securityContext?.procMount));
  if (names.length === 0 || spec.hostUsers === false) return undefined;
  const mounts = sortedSet(
    containersOf(spec)
      .map((each) => each.securityContext?.procMount ?? "Default")
      .filter(isBad),
  );
  const what = `must not set securityContext.procMount to ${quoteAll(mounts)}`;
  return { reason: "procMount", detail: `${containersNamed(names)} ${what}` };
};

const SELINUX_TYPES = ["", "container_t", "container_init_t", "container_kvm_t"];
const ENGINE_SINCE = 31;

const seLinux: Check = ({ spec, minor }) => {
  const allowed = minor >= ENGINE_SINCE ? [...SELINUX_TYPES, "container_engine_t"] : SELINUX_TYPES;
  const types: string[] = [];
  const others = new Set<string>();
  const isBad = (options: { type?: string; user?: string; role?: string } | undefined): boolean => {
    const { type = "", user = "", role = "" } = options ?? {};
    if (!allowed.includes(type)) types.push(type);
    if (user !== "") others.add("user may not be set");
    if (role !== "") others.add("role may not be set");
    return !allowed.includes(type) || user !== "" || role !== "";
  };
  const pod = isBad(spec.securityContext?.seLinuxOptions);
  const names = namesWhere(spec, (each) => isBad(each.securityContext?.seLinuxOptions));
  const setters = settersNamed(pod, names);
  if (setters === "") return undefined;
  const bad = sortedSet(types);
  const listed = [
    ...(bad.length === 0 ? [] : [`${plural("type", "types", bad.length)} ${quoteAll(bad)}`]),
    ...["user may not be set", "role may not be set"].filter((each) => others.has(each)),
  ];
  const detail = `${setters} set forbidden securityContext.seLinuxOptions: ${listed.join("; ")}`;
  return { reason: "seLinuxOptions", detail };
};

export const seccompBaseline: Check = ({ spec }) => {
  const isBad = (type: string | undefined): boolean =>
    type !== undefined && type !== "RuntimeDefault" && type !== "Localhost";
  const pod = isBad(spec.securityContext?.seccompProfile?.type);
  const names = namesWhere(spec, (each) => isBad(each.securityContext?.seccompProfile?.type));
  const setters = settersNamed(pod, names);
  if (setters === "") return undefined;
  const types = sortedSet(
    [spec, ...containersOf(spec)]
      .map(({ securityContext }) => securityContext?.seccompProfile?.type)
      .filter((type) => type !== undefined && isBad(type)) as string[],
  );
  const what = `must not set securityContext.seccompProfile.type to ${quoteAll(types)}`;
  return { reason: "seccompProfile", detail: `${setters} ${what}` };
};

/** Names that may be set, by the minor version since when. */
const SYSCTLS: readonly (readonly [since: number, name: string])[] = [
  [0, "kernel.shm_rmid_forced"],
  [0, "net.ipv4.ip_local_port_range"],
  [0, "net.ipv4.tcp_syncookies"],
  [0, "net.ipv4.ping_group_range"],
  [0, "net.ipv4.ip_unprivileged_port_start"],
  [27, "net.ipv4.ip_local_reserved_ports"],
  [29, "net.ipv4.tcp_keepalive_time"],
  [29, "net.ipv4.tcp_fin_timeout"],
  [29, "net.ipv4.tcp_keepalive_intvl"],
  [29, "net.ipv4.tcp_keepalive_probes"],
  [32, "net.ipv4.tcp_rmem"],
  [32, "net.ipv4.tcp_wmem"],
];

const sysctls: Check = ({ spec, minor }) => {
  const set = (spec.securityContext?.sysctls ?? []).map(({ name }) => name);
  const bad = set.filter(
    (name) => !SYSCTLS.some(([since, allowed]) => allowed === name && since <= minor),
  );
  if (bad.length === 0) return undefined;
  return { reason: "forbidden sysctls", detail: bad.join(", ") };
};

const hostProcess: Check = ({ spec }) => {
  const pod = spec.securityContext?.windowsOptions?.hostProcess === true;
  const isBad = (each: {
    securityContext?: { windowsOptions?: { hostProcess?: boolean } };
  }): boolean => each.securityContext?.windowsOptions?.hostProcess === true;
  const setters = settersNamed(pod, namesWhere(spec, isBad));
  if (setters === "") return undefined;
  const what = "must not set securityContext.windowsOptions.hostProcess=true";
  return { reason: "hostProcess", detail: `${setters} ${what}` };
};

const PROBE_HOSTS_SINCE = 34;

/** In the order in which they are reported; the keys are those that stricter checks replace. */
export const BASELINE: readonly (readonly [id: string, check: Check])[] = [
  ["appArmorProfile", appArmor],
  ["capabilities", capabilities],
  ["hostNamespaces", hostNamespaces],
  ["hostPathVolumes", hostPath],
  ["hostPorts", hostPorts],
  ["hostProbes", (pod) => (pod.minor >= PROBE_HOSTS_SINCE ? probeHosts(pod) : undefined)],
  ["privileged", privileged],
  ["procMount", procMount],
  ["seLinuxOptions", seLinux],
  ["seccompProfile", seccompBaseline],
  ["sysctls", sysctls],
  ["windowsHostProcess", hostProcess],
];
