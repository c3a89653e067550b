/** Pods run on the nodes that their namespace's annotation chooses. */
import type { Namespace, Pod } from "@rktnetes/api/types/core-v1";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import type { Lookup } from "../lookup.ts";
import { isCreate, refused, typed } from "../subject.ts";

const ANNOTATION = "scheduler.alpha.kubernetes.io/node-selector";

export function podNodeSelector(lookup: Lookup): AdmissionPlugin {
  return {
    name: "PodNodeSelector",
    mutate: async (request) => {
      if (!isCreate(request, "/pods")) return;
      const selector = await selectorOf(lookup, request);
      const { spec } = typed<Pod>(request.object);
      if (spec === undefined || Object.keys(selector).length === 0) return;
      refuseConflict(request, spec.nodeSelector ?? {}, selector);
      spec.nodeSelector = { ...spec.nodeSelector, ...selector };
    },
    validate: async (request) => {
      if (!isCreate(request, "/pods")) return;
      const own = typed<Pod>(request.object).spec?.nodeSelector ?? {};
      refuseConflict(request, own, await selectorOf(lookup, request));
    },
  };
}

type Labels = Readonly<Record<string, string>>;

function refuseConflict(request: AdmissionRequest, own: Labels, selector: Labels): void {
  const differs = Object.entries(selector).some(
    ([key, value]) => own[key] !== undefined && own[key] !== value,
  );
  if (!differs) return;
  throw refused(
    request,
    "pod node label selector conflicts with its namespace node label selector",
  );
}

/** `key=value,key=value` */
async function selectorOf(lookup: Lookup, request: AdmissionRequest): Promise<Labels> {
  const found = await lookup.find<Namespace>("/namespaces", "", request.namespace);
  const text = found?.metadata.annotations?.[ANNOTATION] ?? "";
  const pairs = text.split(",").filter((pair) => pair.includes("="));
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      return [
        pair.slice(0, at).trim(),
        pair
          .slice(at + 1)
          .replace(/^=/, "")
          .trim(),
      ];
    }),
  );
}
