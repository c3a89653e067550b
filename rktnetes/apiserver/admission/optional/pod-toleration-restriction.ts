/**
 * What pods of a namespace tolerate, as its annotations say: some get by default, no others they
 * may have.
 */
import { parseJson } from "@rktnetes/api/codec/json";
import type { Namespace, Pod, Toleration } from "@rktnetes/api/types/core-v1";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import type { Lookup } from "../lookup.ts";
import { isCreate, refused, typed } from "../subject.ts";

const DEFAULTS = "scheduler.alpha.kubernetes.io/defaultTolerations";
const ALLOWED = "scheduler.alpha.kubernetes.io/tolerationsWhitelist";

export function podTolerationRestriction(lookup: Lookup): AdmissionPlugin {
  return {
    name: "PodTolerationRestriction",
    mutate: async (request) => {
      if (!isCreate(request, "/pods")) return;
      const { spec } = typed<Pod>(request.object);
      const defaults = await annotated(lookup, request, DEFAULTS);
      if (spec === undefined || defaults === undefined || defaults.length === 0) return;
      const own = spec.tolerations ?? [];
      const conflict = own.some((each) =>
        defaults.some((other) => isSamePlace(each, other) && !isSame(each, other)),
      );
      if (conflict) {
        throw refused(request, "namespace tolerations and pod tolerations conflict");
      }
      spec.tolerations = [...own, ...defaults.filter((each) => !covered(each, own))];
    },
    validate: async (request) => {
      if (!isCreate(request, "/pods")) return;
      const allowed = await annotated(lookup, request, ALLOWED);
      if (allowed === undefined || allowed.length === 0) return;
      const own = typed<Pod>(request.object).spec?.tolerations ?? [];
      if (own.every((each) => covered(each, allowed))) return;
      throw refused(
        request,
        "pod tolerations (possibly merged with namespace default tolerations) " +
          "conflict with its namespace whitelist",
      );
    },
  };
}

async function annotated(
  lookup: Lookup,
  request: AdmissionRequest,
  annotation: string,
): Promise<readonly Toleration[] | undefined> {
  const found = await lookup.find<Namespace>("/namespaces", "", request.namespace);
  const text = found?.metadata.annotations?.[annotation];
  if (text === undefined) return undefined;
  try {
    const list: unknown = parseJson(text);
    return Array.isArray(list) ? (list as readonly Toleration[]) : [];
  } catch {
    throw refused(request, `the annotation ${annotation} of the namespace holds no tolerations`);
  }
}

function isSamePlace(left: Toleration, right: Toleration): boolean {
  return (left.key ?? "") === (right.key ?? "") && (left.effect ?? "") === (right.effect ?? "");
}

function isSame(left: Toleration, right: Toleration): boolean {
  const shown = ({ key, operator, value, effect, tolerationSeconds }: Toleration): string =>
    JSON.stringify([key ?? "", operator || "Equal", value ?? "", effect ?? "", tolerationSeconds]);
  return shown(left) === shown(right);
}

/** One of the others tolerates at least as much. */
function covered(each: Toleration, others: readonly Toleration[]): boolean {
  return others.some((other) => {
    const anyKey = (other.key ?? "") === "" && other.operator === "Exists";
    if (!anyKey && (other.key ?? "") !== (each.key ?? "")) return false;
    if ((other.effect ?? "") !== "" && other.effect !== each.effect) return false;
    if (other.operator !== "Exists" && (other.value ?? "") !== (each.value ?? "")) return false;
    const limit = other.tolerationSeconds ?? Number.POSITIVE_INFINITY;
    return (each.tolerationSeconds ?? Number.POSITIVE_INFINITY) <= limit;
  });
}
