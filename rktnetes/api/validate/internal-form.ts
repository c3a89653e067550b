/**
 * An object as Kubernetes' own code holds it, which is how some messages show it: every field, in
 * order, under its Go name, null for what is not there. In: a type's name, an object. Pure.
 */
import { findDefinition } from "../kinds/load.ts";
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

/** `name` is the full name of a built-in type, as `io.k8s.api.core.v1.SecurityContext`. */
export function internalForm(name: string, object: JsonObject): JsonObject {
  const schema = findDefinition(name);
  return schema === undefined ? object : shown(schema, object);
}

function shown(schema: ObjectSchema, object: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const [name, field] of schema.fields) out[goName(name)] = fieldValue(field, object[name]);
  return out;
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
