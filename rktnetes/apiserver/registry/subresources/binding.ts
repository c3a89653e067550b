/**
 * Giving a pod its node. In: a Binding. Out: the pod with its node and the condition that says so,
 * in one write. @throws {StatusFault} 400, 404, 409, 500
 */
import {
  describeFieldErrors,
  type FieldError,
  notSupported,
  required,
} from "@rktnetes/api/field-error";
import type { JsonObject } from "@rktnetes/api/schema";
import { badRequest, conflictFault, plainFault } from "@rktnetes/api/status-fault";
import { objectAt, readList, readObject, readText } from "@rktnetes/api/strategy/object-at";
import { metaText } from "../metadata.ts";
import type { Registry } from "../registry.ts";
import type { Resource } from "../resource.ts";
import { timestamp } from "../../host.ts";
import { changeStored, type Target } from "./change-stored.ts";
import { uidConflict } from "./scale.ts";

const NAMED = { group: "", name: "pods/binding" };

export async function bind(
  registry: Registry,
  pods: Resource,
  binding: JsonObject,
  target: Target,
): Promise<void> {
  if (metaText(binding, "name") !== target.name)
    throw badRequest("name in URL does not match name in Binding object");
  const errors = bindingErrors(readObject(binding, "target"));
  if (errors.length > 0) throw plainFault(500, describeFieldErrors(errors));
  const now = timestamp(registry.host.clock.now());
  await changeStored(registry, pods, target, (pod) => {
    const uid = metaText(binding, "uid");
    if (uid !== "" && uid !== metaText(pod, "uid")) throw uidConflict(pods, pod, uid);
    assign(pod, binding, now);
  });
}

function bindingErrors(target: JsonObject): readonly FieldError[] {
  const kind = readText(target, "kind");
  const errors: FieldError[] = [];
  if (kind !== "" && kind !== "Node")
    errors.push(notSupported("target.kind", kind, ["Node", "<empty>"]));
  if (readText(target, "name") === "") errors.push(required("target.name"));
  return errors;
}

function assign(pod: JsonObject, binding: JsonObject, now: string): void {
  const name = metaText(pod, "name");
  const spec = objectAt(pod, "spec");
  const why = refusal(pod, spec, name);
  if (why !== undefined) throw conflictFault(NAMED, name, why);
  spec["nodeName"] = readText(readObject(binding, "target"), "name");
  for (const field of ["labels", "annotations"]) {
    const added = readObject(readObject(binding, "metadata"), field);
    if (Object.keys(added).length === 0) continue;
    Object.assign(objectAt(objectAt(pod, "metadata"), field), added);
  }
  const status = objectAt(pod, "status");
  const others = readList(status, "conditions").filter(({ type }) => type !== "PodScheduled");
  const condition = {
    type: "PodScheduled",
    status: "True",
    lastProbeTime: null,
    lastTransitionTime: now,
  };
  status["conditions"] = [...others, condition];
}

function refusal(pod: JsonObject, spec: JsonObject, name: string): string | undefined {
  if (metaText(pod, "deletionTimestamp") !== "")
    return `pod ${name} is being deleted, cannot be assigned to a host`;
  const node = readText(spec, "nodeName");
  if (node !== "") return `pod ${name} is already assigned to node ${JSON.stringify(node)}`;
  if (readList(spec, "schedulingGates").length > 0)
    return `pod ${name} has non-empty .spec.schedulingGates`;
  return undefined;
}
