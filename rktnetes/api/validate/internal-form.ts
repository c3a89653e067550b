/**
 * An object as Kubernetes' own code holds it, which is how some messages show it: every field, in
 * order, under its Go name, null for what is not there. In: a type's name, an object. Pure.
 */
import { findDefinition } from "../kinds/load.ts";
import { inKeyOrder } from "./checks.ts";
import type { FieldSchema, Json, JsonObject, ObjectSchema, TypeSchema } from "../schema/schema.ts";

/** JSON names whose Go names differ in more than the first letter. */
const ABBREVIATIONS: Readonly<Record<string, string>> = {
  apiVersion: "APIVersion",
  awsElasticBlockStore: "AWSElasticBlockStore",
  cephfs: "CephFS",
  csi: "CSI",
  dnsConfig: "DNSConfig",
  dnsPolicy: "DNSPolicy",
  fc: "FC",
  fsGroup: "FSGroup",
  fsGroupChangePolicy: "FSGroupChangePolicy",
  gcePersistentDisk: "GCEPersistentDisk",
  grpc: "GRPC",
  httpGet: "HTTPGet",
  httpHeaders: "HTTPHeaders",
  ip: "IP",
  iscsi: "ISCSI",
  nfs: "NFS",
  os: "OS",
  rbd: "RBD",
  scaleIO: "ScaleIO",
  seLinuxChangePolicy: "SELinuxChangePolicy",
  seLinuxOptions: "SELinuxOptions",
  setHostnameAsFQDN: "SetHostnameAsFQDN",
  storageos: "StorageOS",
  tcpSocket: "TCPSocket",
  tty: "TTY",
  uid: "UID",
};

function goName(name: string): string {
  return ABBREVIATIONS[name] ?? `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

const POD_SPEC = "io.k8s.api.core.v1.PodSpec";

/** The order of a pod spec's fields inside, which is not that of the API. */
const POD_SPEC_ORDER: readonly string[] = [
  "volumes",
  "initContainers",
  "containers",
  "ephemeralContainers",
  "restartPolicy",
  "terminationGracePeriodSeconds",
  "activeDeadlineSeconds",
  "dnsPolicy",
  "nodeSelector",
  "serviceAccountName",
  "automountServiceAccountToken",
  "nodeName",
  "securityContext",
  "imagePullSecrets",
  "hostname",
  "subdomain",
  "setHostnameAsFQDN",
  "affinity",
  "schedulerName",
  "tolerations",
  "hostAliases",
  "priorityClassName",
  "priority",
  "preemptionPolicy",
  "dnsConfig",
  "readinessGates",
  "runtimeClassName",
  "overhead",
  "enableServiceLinks",
  "topologySpreadConstraints",
  "os",
  "schedulingGates",
  "resourceClaims",
  "resources",
  "hostnameOverride",
  "schedulingGroup",
];

/** What the API has beside a pod's security context, and Kubernetes inside has in it. */
const SHARED_WITH_HOST = ["hostNetwork", "hostPID", "hostIPC"] as const;
const SECURITY_ORDER: readonly string[] = [
  "shareProcessNamespace",
  "hostUsers",
  "seLinuxOptions",
  "windowsOptions",
  "runAsUser",
  "runAsGroup",
  "runAsNonRoot",
  "supplementalGroups",
  "supplementalGroupsPolicy",
  "fsGroup",
  "fsGroupChangePolicy",
  "sysctls",
  "seccompProfile",
  "appArmorProfile",
  "seLinuxChangePolicy",
];

/** A pod's spec. */
export function internalPodSpec(spec: JsonObject): JsonObject {
  const schema = findDefinition(POD_SPEC);
  if (schema === undefined) return spec;
  const out: JsonObject = {};
  for (const name of POD_SPEC_ORDER) {
    const field = schema.fields.get(name);
    if (name === "securityContext") out["SecurityContext"] = internalSecurity(schema, spec);
    else out[goName(name)] = field === undefined ? null : fieldValue(field, spec[name]);
  }
  return out;
}

function internalSecurity(schema: ObjectSchema, spec: JsonObject): Json {
  const type = schema.fields.get("securityContext")?.type;
  const context = spec["securityContext"];
  if (type?.kind !== "object" || context === undefined) return null;
  const out: JsonObject = {};
  for (const name of SHARED_WITH_HOST) out[goName(name)] = spec[name] === true;
  const own = context as JsonObject;
  for (const name of SECURITY_ORDER) {
    const field = type.fields.get(name);
    if (field === undefined) out[goName(name)] = spec[name] ?? null;
    else out[goName(name)] = fieldValue(field, own[name]);
  }
  return out;
}

/** What pods are made from: the metadata as in the API, the spec as inside. */
export function internalTemplate(template: JsonObject): JsonObject {
  const metadata = (template["metadata"] ?? {}) as JsonObject;
  const labels = metadata["labels"];
  const shown = labels === undefined ? {} : { labels: inKeyOrder(labels as JsonObject) };
  return { ...metadata, ...shown, Spec: internalPodSpec((template["spec"] ?? {}) as JsonObject) };
}

/** `name` is the full name of a built-in type, as `io.k8s.api.core.v1.SecurityContext`. */
export function internalForm(name: string, object: JsonObject): JsonObject {
  const schema = findDefinition(name);
  return schema === undefined ? object : shown(schema, object);
}

function shown(schema: ObjectSchema, object: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const [name, field] of fieldsInside(schema))
    out[goName(name)] = fieldValue(field, object[name]);
  return out;
}

/** Fields of volumes that stand elsewhere inside, by what they follow there. */
const AFTER: Readonly<Record<string, string>> = { rbd: "quobyte", vsphereVolume: "azureDisk" };

function fieldsInside({ fields }: ObjectSchema): readonly (readonly [string, FieldSchema])[] {
  const moved = new Set(
    Object.entries(AFTER).flatMap(([at, name]) => (fields.has(at) ? [name] : [])),
  );
  return [...fields].flatMap(([name, field]) => {
    if (moved.has(name)) return [];
    const follower = AFTER[name] ?? "";
    const next = fields.get(follower);
    return next === undefined
      ? [[name, field]]
      : [
          [name, field],
          [follower, next],
        ];
  });
}

function fieldValue(field: FieldSchema, value: Json | undefined): Json {
  if (value === undefined || value === null)
    return field.pointer === true ? null : zero(field.type);
  return shownValue(field.type, value);
}

function shownValue(type: TypeSchema, value: Json): Json {
  if (type.kind === "object") return shown(type, value as JsonObject);
  if (type.kind === "list" && Array.isArray(value))
    return value.map((item) => shownValue(type.items, item));
  return value;
}

function zero(type: TypeSchema): Json {
  if (type.kind === "object") return shown(type, {});
  if (type.kind !== "scalar") return null;
  if (type.scalar === "string") return "";
  if (type.scalar === "boolean") return false;
  return type.scalar === "int32" || type.scalar === "int64" ? 0 : null;
}
