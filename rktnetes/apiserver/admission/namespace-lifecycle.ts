/**
 * Nothing is created in a namespace that is missing or going away, and the namespaces that the
 * cluster lives in stay. @see reference of admission plug-ins, NamespaceLifecycle
 */
import { builtinKinds } from "@rktnetes/api/kinds";
import type { JsonObject } from "@rktnetes/api/schema";
import { forbiddenFault, notFoundFault, StatusFault } from "@rktnetes/api/status-fault";
import { assert } from "@shared/base";
import { metaText } from "../registry/metadata.ts";
import type { Registry } from "../registry/registry.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";

const IMMORTAL: ReadonlySet<string> = new Set(["default", "kube-public", "kube-system"]);

export function namespaceLifecycle(registry: () => Registry): AdmissionPlugin {
  return {
    name: "NamespaceLifecycle",
    validate: async (request) => {
      const { resource, operation, namespace, name } = request;
      const isNamespace = resource.kind.group === "" && resource.kind.resource === "namespaces";
      if (isNamespace && operation === "DELETE" && IMMORTAL.has(name)) {
        throw forbiddenFault(resource.named, name, "this namespace may not be deleted");
      }
      if (operation !== "CREATE" || namespace === "" || isNamespace) return;
      await checkNamespace(registry(), request);
    },
  };
}

async function checkNamespace(registry: Registry, request: AdmissionRequest): Promise<void> {
  const kind = builtinKinds().find(
    ({ group, resource }) => `${group}/${resource}` === "/namespaces",
  );
  assert(kind !== undefined, "namespaces are a kind");
  const namespaces = await registry.resource(kind);
  const found = await registry.find(namespaces, "", request.namespace);
  if (found === undefined) throw notFoundFault(namespaces.named, request.namespace);
  if (isTerminating(found.object)) throw terminating(request);
}

function isTerminating(namespace: JsonObject): boolean {
  return metaText(namespace, "deletionTimestamp") !== "";
}

function terminating({ resource, namespace, object }: AdmissionRequest): StatusFault {
  const reason = "because it is being terminated";
  const why = `unable to create new content in namespace ${namespace} ${reason}`;
  const name = object === undefined ? "" : metaText(object, "name");
  const { failure } = forbiddenFault(resource.named, name, why);
  const message = `namespace ${namespace} is being terminated`;
  const cause = { reason: "NamespaceTerminating", message, field: "metadata.namespace" };
  return new StatusFault({ ...failure, details: { ...failure.details, causes: [cause] } });
}
