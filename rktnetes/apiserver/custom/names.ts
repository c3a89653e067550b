/**
 * Which names of a definition nobody else has. In: a definition and the others of its group. Out:
 * its status with accepted names and the conditions that follow. Pure.
 */
import type { JsonObject } from "@rktnetes/api/schema";
import { readObject, readText } from "@rktnetes/api/object-at";
import { approvalOf } from "@rktnetes/api/approval";
import { setCondition } from "@rktnetes/api/condition";
import { isObject, textsOf } from "@rktnetes/api/structural/structural";

/** Sets `status.acceptedNames` and the conditions NamesAccepted and Established. */
export function settleNames(
  definition: JsonObject,
  others: readonly JsonObject[],
  now: string,
): void {
  const spec = readObject(definition, "spec");
  const wanted = readObject(spec, "names");
  const status = readObject(definition, "status");
  const { accepted, reason, message } = acceptNames(
    wanted,
    readObject(status, "acceptedNames"),
    usedNames(spec, others),
  );
  definition["status"] = { ...status, acceptedNames: accepted };
  const isAccepted = reason === undefined;
  setCondition(definition, {
    type: "NamesAccepted",
    status: isAccepted ? "True" : "False",
    lastTransitionTime: now,
    reason: reason ?? "NoConflicts",
    message: message ?? "no conflicts found",
  });
  settleApproval(definition, now);
  if (isTrue(definition, "Established")) return;
  setCondition(definition, {
    type: "Established",
    status: isAccepted ? "True" : "False",
    lastTransitionTime: now,
    reason: isAccepted ? "InitialNamesAccepted" : "NotAccepted",
    message: isAccepted ? "the initial names have been accepted" : "not all names are accepted",
  });
}

/** Groups of the project itself say whether somebody there agreed to the kind. */
function settleApproval(definition: JsonObject, now: string): void {
  const approval = approvalOf(definition);
  if (approval === undefined) return;
  setCondition(definition, {
    type: "KubernetesAPIApprovalPolicyConformant",
    status: approval.reason === "ApprovedAnnotation" ? "True" : "False",
    lastTransitionTime: now,
    ...approval,
  });
}

export function isTrue(definition: JsonObject, type: string): boolean {
  const { conditions } = readObject(definition, "status");
  if (!Array.isArray(conditions)) return false;
  return conditions.some(
    (each) => isObject(each) && each["type"] === type && each["status"] === "True",
  );
}

interface Used {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

function usedNames(spec: JsonObject, others: readonly JsonObject[]): Used {
  const [resources, kinds] = [new Set<string>(), new Set<string>()];
  for (const other of others) {
    if (readText(readObject(other, "spec"), "group") !== readText(spec, "group")) continue;
    const names = readObject(readObject(other, "status"), "acceptedNames");
    for (const name of ["plural", "singular"]) resources.add(readText(names, name));
    for (const name of textsOf(names["shortNames"])) resources.add(name);
    for (const name of ["kind", "listKind"]) kinds.add(readText(names, name));
  }
  resources.delete("");
  kinds.delete("");
  return { resources, kinds };
}

interface Verdict {
  readonly accepted: JsonObject;
  /** Of the last name that is taken. */
  readonly reason?: string;
  readonly message?: string;
}

function acceptNames(wanted: JsonObject, before: JsonObject, used: Used): Verdict {
  const accepted: JsonObject = { ...before };
  let verdict: Omit<Verdict, "accepted"> = {};
  const taken = (name: string, old: string, names: ReadonlySet<string>): boolean =>
    name !== old && names.has(name);
  const one = (field: string, names: ReadonlySet<string>, reason: string): void => {
    const name = readText(wanted, field);
    if (taken(name, readText(before, field), names)) {
      verdict = { reason, message: `${JSON.stringify(name)} is already in use` };
    } else accepted[field] = name;
  };
  one("plural", used.resources, "PluralConflict");
  one("singular", used.resources, "SingularConflict");
  const [short, old] = [textsOf(wanted["shortNames"]), textsOf(before["shortNames"])];
  const clashes = short.filter((name) => !old.includes(name) && used.resources.has(name));
  if (clashes.length > 0) {
    const lines = clashes.map((name) => `${JSON.stringify(name)} is already in use`);
    const message = lines.length === 1 ? (lines[0] ?? "") : `[${lines.join(", ")}]`;
    verdict = { reason: "ShortNamesConflict", message };
  } else put(accepted, "shortNames", short);
  one("kind", used.kinds, "KindConflict");
  one("listKind", used.kinds, "ListKindConflict");
  put(accepted, "categories", textsOf(wanted["categories"]));
  return { accepted, ...verdict };
}

function put(names: JsonObject, field: string, values: readonly string[]): void {
  if (values.length > 0) names[field] = [...values];
  else delete names[field];
}
