/** A new node takes no pods before it was seen to be ready. */
import type { Node, Taint } from "@rktnetes/api/types/core-v1";
import type { AdmissionPlugin } from "./admission.ts";
import { isCreate, typed } from "./subject.ts";

const NOT_READY: Taint = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };

export const TAINT_NODES_BY_CONDITION: AdmissionPlugin = {
  name: "TaintNodesByCondition",
  mutate: (request) => {
    if (!isCreate(request, "/nodes")) return;
    const node = typed<Node>(request.object);
    node.spec ??= {};
    const taints = node.spec.taints ?? [];
    const has = taints.some(({ key, effect }) => key === NOT_READY.key && effect === "NoSchedule");
    if (!has) node.spec.taints = [...taints, { ...NOT_READY }];
  },
};
