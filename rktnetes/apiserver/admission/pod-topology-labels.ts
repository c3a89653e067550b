/** A pod carries the zone and the region of the node it is bound to. */
import type { Binding, Node, Pod } from "@rktnetes/api/types/core-v1";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { targetOf, typed } from "./subject.ts";

const LABELS = ["topology.kubernetes.io/region", "topology.kubernetes.io/zone"];

export function podTopologyLabels(lookup: Lookup): AdmissionPlugin {
  return {
    name: "PodTopologyLabels",
    mutate: async (request) => {
      const node = nodeNameOf(request);
      if (node === "") return;
      const found = await lookup.find<Node>("/nodes", "", node);
      const labels = Object.entries(found?.metadata?.labels ?? {});
      const shared = labels.filter(([key]) => LABELS.includes(key));
      if (shared.length === 0) return;
      const target = typed<Pod | Binding>(request.object);
      target.metadata ??= {};
      target.metadata.labels = { ...target.metadata.labels, ...Object.fromEntries(shared) };
    },
  };
}

function nodeNameOf(request: AdmissionRequest): string {
  if (request.operation !== "CREATE" || request.object === undefined) return "";
  const target = targetOf(request);
  if (target === "/pods") return typed<Pod>(request.object).spec?.nodeName ?? "";
  if (target !== "/pods/binding" && target !== "/bindings") return "";
  const { kind = "", name = "" } = typed<Binding>(request.object).target;
  return kind === "" || kind === "Node" ? name : "";
}
