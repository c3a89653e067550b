/**
 * Nothing is created in a namespace that is missing or going away, and the namespaces that the
 * cluster lives in stay. @see reference of admission plug-ins, NamespaceLifecycle
 */
import type { JsonObject } from "@rktnetes/api/schema";
import { forbiddenFault, notFoundFault, StatusFault } from "@rktnetes/api/status-fault";
import { metaText } from "../registry/metadata.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { nameOf, refused, targetOf } from "./subject.ts";

const IMMORTAL: ReadonlySet<string> = new Set(["default", "kube-public", "kube-system"]);

/** Reviews are answers, not content. */
const REVIEWS: ReadonlySet<string> = new Set(["localsubjectaccessreviews"]);

export function namespaceLifecycle(lookup: Lookup): AdmissionPlugin {
  return {
    name: "NamespaceLifecycle",
    mutate: async (request) => {
      if (request.operation === "CREATE") await checkNamespace(lookup, request);
    },
    validate: (request) => {
      const isDelete = request.operation === "DELETE" && targetOf(request) === "/namespaces";
      if (!isDelete || !IMMORTAL.has(request.name)) return;
      throw refused(request, "this namespace may not be deleted");
    },
  };
}

async function checkNamespace(lookup: Lookup, request: AdmissionRequest): Promise<void> {
  const { namespace, resource } = request;
  if (namespace === "" || !resource.kind.namespaced) return;
  if (REVIEWS.has(resource.kind.resource)) return;
  const found = await lookup.find("/namespaces", "", namespace);
  if (found === undefined) throw notFoundFault({ group: "", name: "namespaces" }, namespace);
  if (isTerminating(found)) throw terminating(request);
}

function isTerminating(namespace: JsonObject): boolean {
  return metaText(namespace, "deletionTimestamp") !== "";
}

function terminating(request: AdmissionRequest): StatusFault {
  const { resource, namespace } = request;
  const reason = "because it is being terminated";
  const why = `unable to create new content in namespace ${namespace} ${reason}`;
  const { failure } = forbiddenFault(resource.named, nameOf(request), why);
  const message = `namespace ${namespace} is being terminated`;
  const cause = { reason: "NamespaceTerminating", message, field: "metadata.namespace" };
  return new StatusFault({ ...failure, details: { ...failure.details, causes: [cause] } });
}
