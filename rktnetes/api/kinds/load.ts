/**
 * The built-in kinds and all types that are spoken with them. In: the generated tables, read the
 * first time that somebody asks. Out: kinds in the order of discovery, and schemas by name.
 *
 * Never reads a type that nobody asks for.
 */
import { assert, quote } from "@shared/base";

import type { ObjectSchema } from "../schema/schema.ts";
import admissionV1 from "./generated/admission_v1.txt" with { type: "text" };
import admissionregistrationV1 from "./generated/admissionregistration_v1.txt" with {
  type: "text",
};
import apidiscoveryV2 from "./generated/apidiscovery_v2.txt" with { type: "text" };
import apiextensionsV1 from "./generated/apiextensions_v1.txt" with { type: "text" };
import apiregistrationV1 from "./generated/apiregistration_v1.txt" with { type: "text" };
import appsV1 from "./generated/apps_v1.txt" with { type: "text" };
import authenticationV1 from "./generated/authentication_v1.txt" with { type: "text" };
import authorizationV1 from "./generated/authorization_v1.txt" with { type: "text" };
import autoscalingV1 from "./generated/autoscaling_v1.txt" with { type: "text" };
import autoscalingV2 from "./generated/autoscaling_v2.txt" with { type: "text" };
import batchV1 from "./generated/batch_v1.txt" with { type: "text" };
import certificatesV1 from "./generated/certificates_v1.txt" with { type: "text" };
import coordinationV1 from "./generated/coordination_v1.txt" with { type: "text" };
import coreV1 from "./generated/core_v1.txt" with { type: "text" };
import discoveryV1 from "./generated/discovery_v1.txt" with { type: "text" };
import eventsV1 from "./generated/events_v1.txt" with { type: "text" };
import flowcontrolV1 from "./generated/flowcontrol_v1.txt" with { type: "text" };
import metaV1 from "./generated/meta_v1.txt" with { type: "text" };
import networkingV1 from "./generated/networking_v1.txt" with { type: "text" };
import nodeV1 from "./generated/node_v1.txt" with { type: "text" };
import policyV1 from "./generated/policy_v1.txt" with { type: "text" };
import rbacV1 from "./generated/rbac_v1.txt" with { type: "text" };
import resourceV1 from "./generated/resource_v1.txt" with { type: "text" };
import schedulingV1 from "./generated/scheduling_v1.txt" with { type: "text" };
import storageV1 from "./generated/storage_v1.txt" with { type: "text" };
import type { GroupVersion, GroupVersionKind, Kind } from "./kind.ts";
import { readTable } from "./table.ts";
import type { Table } from "./table.ts";

/** In the order of discovery; what is only spoken, never served, comes last. */
const TEXTS: Readonly<Record<string, string>> = {
  core_v1: coreV1,
  apiregistration_v1: apiregistrationV1,
  apps_v1: appsV1,
  events_v1: eventsV1,
  authentication_v1: authenticationV1,
  authorization_v1: authorizationV1,
  autoscaling_v2: autoscalingV2,
  autoscaling_v1: autoscalingV1,
  batch_v1: batchV1,
  certificates_v1: certificatesV1,
  networking_v1: networkingV1,
  policy_v1: policyV1,
  rbac_v1: rbacV1,
  storage_v1: storageV1,
  admissionregistration_v1: admissionregistrationV1,
  apiextensions_v1: apiextensionsV1,
  scheduling_v1: schedulingV1,
  coordination_v1: coordinationV1,
  node_v1: nodeV1,
  discovery_v1: discoveryV1,
  resource_v1: resourceV1,
  flowcontrol_v1: flowcontrolV1,
  meta_v1: metaV1,
  admission_v1: admissionV1,
  apidiscovery_v2: apidiscoveryV2,
};

let tables: ReadonlyMap<string, Table> | undefined;

function allTables(): ReadonlyMap<string, Table> {
  tables ??= new Map(
    Object.entries(TEXTS).map(([file, text]) => [file, readTable(file, text, typeOfFile)]),
  );
  return tables;
}

function typeOfFile(file: string, name: string): ObjectSchema {
  const type = allTables().get(file)?.type(name);
  assert(type !== undefined, `the tables lack ${quote(`${file}.${name}`)}`);
  return type;
}

let kinds: readonly Kind[] | undefined;
let byResource: ReadonlyMap<string, Kind> | undefined;

/** Every kind that is served, in the order of discovery. */
export function builtinKinds(): readonly Kind[] {
  kinds ??= [...allTables().values()].flatMap((table) => table.kinds);
  return kinds;
}

/** The groups and versions that are served, in the order of discovery. */
export function builtinGroupVersions(): readonly GroupVersion[] {
  const served = [...allTables().values()].filter((table) => table.kinds.length > 0);
  return served.map(({ group, version }) => ({ group, version }));
}

/** A kind by its place in a path: `("apps", "v1", "deployments")`. */
export function findKind(group: string, version: string, resource: string): Kind | undefined {
  byResource ??= new Map(
    builtinKinds().map((kind) => [`${kind.group}/${kind.version}/${kind.resource}`, kind]),
  );
  return byResource.get(`${group}/${version}/${resource}`);
}

/** Kinds that every group speaks, whatever its version. */
const EVERYWHERE: readonly string[] = [
  "CreateOptions",
  "DeleteOptions",
  "GetOptions",
  "ListOptions",
  "PatchOptions",
  "UpdateOptions",
  "WatchEvent",
];

/** Kinds that the core group speaks although meta.k8s.io declares them. */
const IN_CORE: readonly string[] = [
  "APIGroup",
  "APIGroupList",
  "APIResourceList",
  "APIVersions",
  "List",
  "Status",
];

/**
 * The schema of anything that has apiVersion and kind: objects, lists, what sub-resources take and
 * give, options, Status, AdmissionReview. Undefined when nothing built in is called so.
 */
export function findType({ group, version, kind }: GroupVersionKind): ObjectSchema | undefined {
  const meta = allTables().get("meta_v1");
  for (const table of allTables().values()) {
    if (table.group !== group || table.version !== version) continue;
    if (table.isKind(kind)) return table.type(kind);
    if (EVERYWHERE.includes(kind)) return meta?.type(kind);
    if (group === "" && IN_CORE.includes(kind)) return meta?.type(kind);
  }
  return undefined;
}

/** A type by its full name, as `io.k8s.api.core.v1.PodSpec`. */
export function findDefinition(name: string): ObjectSchema | undefined {
  const short = name.slice(name.lastIndexOf(".") + 1);
  for (const table of allTables().values()) {
    const type = table.type(short);
    if (type?.name === name) return type;
  }
  return undefined;
}
