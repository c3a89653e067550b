/**
 * What the paths of a pod's own may write: its status, ephemeral containers, amounts of resources.
 * All else goes back to what it was.
 */
import type { JsonObject } from "../../schema/schema.ts";
import {
  ephemeralErrors,
  podStatusErrors,
  resizeErrors,
} from "../../validate/pod/pod-subresources.ts";
import { keepMetadata, WRITTEN } from "../keep-metadata.ts";
import { objectAt, readList, readObject, readText } from "../object-at.ts";
import type { UpdateRules } from "../strategy.ts";

const STATUS: UpdateRules = {
  prepareForUpdate: (pod, old) => {
    const status = objectAt(pod, "status");
    const before = readObject(old, "status");
    if (readText(status, "qosClass") === "" && before["qosClass"] !== undefined)
      status["qosClass"] = before["qosClass"];
    keepMetadata(pod, old, ["ownerReferences"]);
  },
  validateUpdate: podStatusErrors,
};

const EPHEMERAL: UpdateRules = {
  prepareForUpdate: (pod, old) => {
    const added = readObject(pod, "spec")["ephemeralContainers"];
    takeBack(pod, old);
    const spec = objectAt(pod, "spec");
    if (added === undefined) delete spec["ephemeralContainers"];
    else spec["ephemeralContainers"] = added;
  },
  validateUpdate: ephemeralErrors,
};

const RESIZE: UpdateRules = {
  prepareForUpdate: (pod, old) => {
    const wanted = readObject(pod, "spec");
    takeBack(pod, old);
    const spec = readObject(pod, "spec");
    for (const sort of ["containers", "initContainers"]) {
      const asked = readList(wanted, sort);
      for (const [at, container] of readList(spec, sort).entries()) {
        const found = asked[at];
        if (found === undefined || found["name"] !== container["name"]) continue;
        copy(container, found, "resources");
        copy(container, found, "resizePolicy");
      }
    }
  },
  validateUpdate: resizeErrors,
};

function takeBack(pod: JsonObject, old: JsonObject): void {
  for (const field of ["spec", "status"]) pod[field] = structuredClone(readObject(old, field));
  keepMetadata(pod, old, WRITTEN);
}

function copy(to: JsonObject, from: JsonObject, field: string): void {
  const value = from[field];
  if (value === undefined) delete to[field];
  else to[field] = structuredClone(value);
}

export const POD_SUBRESOURCES: Readonly<Record<string, UpdateRules>> = {
  status: STATUS,
  ephemeralcontainers: EPHEMERAL,
  resize: RESIZE,
};
