/** Namespaces that must be there, or that come with the first object in them. */
import { notFoundFault, StatusFault } from "@rktnetes/api/status-fault";
import { create } from "../../registry/create.ts";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import { builtinKind, type Lookup } from "../lookup.ts";
import type { PluginParts } from "../plugin-parts.ts";

export function namespaceExists(lookup: Lookup): AdmissionPlugin {
  return {
    name: "NamespaceExists",
    validate: async (request) => {
      if (!isWithin(request) || (await isThere(lookup, request))) return;
      throw notFoundFault({ group: "", name: "namespaces" }, request.namespace);
    },
  };
}

export function namespaceAutoProvision({ lookup, registry }: PluginParts): AdmissionPlugin {
  return {
    name: "NamespaceAutoProvision",
    mutate: async (request) => {
      const { operation, namespace, context } = request;
      if (operation !== "CREATE" || context.dryRun || !isWithin(request)) return;
      if (await isThere(lookup, request)) return;
      const namespaces = await registry().resource(builtinKind("/namespaces"));
      const write = { namespace: "", name: namespace, subresource: "", dryRun: false };
      const rest = { user: context.user, fieldManager: "kube-apiserver", warn: () => undefined };
      const object = { metadata: { name: namespace } };
      try {
        await create(registry(), namespaces, object, { ...write, ...rest });
      } catch (error) {
        if (!(error instanceof StatusFault) || error.failure.code !== 409) throw error;
      }
    },
  };
}

function isWithin({ namespace, resource }: AdmissionRequest): boolean {
  return namespace !== "" && resource.kind.namespaced;
}

async function isThere(lookup: Lookup, { namespace }: AdmissionRequest): Promise<boolean> {
  return (await lookup.find("/namespaces", "", namespace)) !== undefined;
}
