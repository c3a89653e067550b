/**
 * What namespaces do beyond their data: the phase, the finalizer of the server, the name's label.
 */
import type { JsonObject } from "../../schema/schema.ts";
import { namespaceErrors } from "../../validate/core/small-kinds.ts";
import { type FieldError, invalid } from "../../validate/field-error.ts";
import { standardFinalizerProblems } from "../../validate/object-meta.ts";
import { labelName } from "../../validate/object-names.ts";
import type { Strategy } from "../strategy.ts";
import { objectAt, readObject, readText, readTexts } from "../object-at.ts";

const NAME_LABEL = "kubernetes.io/metadata.name";

function setDefaults(namespace: JsonObject): void {
  const metadata = objectAt(namespace, "metadata");
  const name = metadata["name"];
  if (typeof name !== "string" || name === "") return;
  objectAt(metadata, "labels")[NAME_LABEL] = name;
}

function finalizerErrors(namespace: JsonObject): readonly FieldError[] {
  return readTexts(readObject(namespace, "spec"), "finalizers").flatMap((finalizer, at) =>
    standardFinalizerProblems(finalizer).map((problem) =>
      invalid(`spec.finalizers[${at}]`, finalizer, problem),
    ),
  );
}

/** The phase follows the deletion. */
function phaseErrors(namespace: JsonObject): readonly FieldError[] {
  const phase = readText(readObject(namespace, "status"), "phase");
  const isGoing = readText(readObject(namespace, "metadata"), "deletionTimestamp") !== "";
  const wanted = isGoing ? "Terminating" : "Active";
  if (phase === wanted) return [];
  const when = isGoing ? "is not empty" : "is empty";
  const why = `may only be '${wanted}' if \`deletionTimestamp\` ${when}`;
  return [invalid("status.Phase", phase, why)];
}

export const NAMESPACE: Strategy = {
  nameProblems: labelName,
  validateCreate: namespaceErrors,
  setDefaults,
  prepareForCreate: (namespace) => {
    namespace["status"] = { phase: "Active" };
    const spec = objectAt(namespace, "spec");
    const finalizers = Array.isArray(spec["finalizers"]) ? spec["finalizers"] : [];
    if (!finalizers.includes("kubernetes")) spec["finalizers"] = [...finalizers, "kubernetes"];
  },
  prepareForUpdate: (namespace, old) => {
    namespace["spec"] = old["spec"] ?? {};
    namespace["status"] = old["status"] ?? {};
  },
  subresources: {
    status: {
      prepareForUpdate: (namespace, old) => {
        namespace["spec"] = old["spec"] ?? {};
      },
      validateUpdate: phaseErrors,
    },
    finalize: {
      resetFields: [["status"]],
      prepareForUpdate: (namespace, old) => {
        namespace["status"] = old["status"] ?? {};
      },
      validateUpdate: finalizerErrors,
    },
  },
  beginDelete: (namespace) => {
    objectAt(namespace, "status")["phase"] = "Terminating";
  },
  keepsOnDelete: (namespace) => {
    const finalizers = objectAt(namespace, "spec")["finalizers"];
    return Array.isArray(finalizers) && finalizers.length > 0;
  },
};
