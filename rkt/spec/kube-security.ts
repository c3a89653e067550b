/** The security contexts of a Pod and of a container, as words of `rkt run`. Pure. */
import { Fault, quote } from "@shared/base";
import { DEFAULT_CAPABILITIES } from "./isolators.ts";
import {
  type JsonObject,
  readBoolean,
  readInteger,
  readList,
  readObject,
  readTexts,
} from "./document.ts";

const IDS = { min: 0, max: 0xffff_fffe };

export function securityWords(spec: JsonObject, container: JsonObject, place: string): string[] {
  const ofPod = readObject(spec["securityContext"] ?? {}, "spec.securityContext");
  const own = readObject(container["securityContext"] ?? {}, `${place}.securityContext`);
  const id = (field: string): number | undefined =>
    readInteger(own[field], `${place}.securityContext.${field}`, IDS) ??
    readInteger(ofPod[field], `spec.securityContext.${field}`, IDS);
  const isTrue = (field: string): boolean =>
    readBoolean(own[field], `${place}.securityContext.${field}`) ?? false;
  if (isTrue("privileged")) {
    throw new Fault("unsupported", `${place}: privileged containers are not run from a file`, {
      hint: "Give the capabilities that it needs: securityContext.capabilities.add.",
    });
  }
  const [user, group] = [id("runAsUser"), id("runAsGroup")];
  if (user === 0 && (own["runAsNonRoot"] ?? ofPod["runAsNonRoot"]) === true) {
    throw new Fault("invalid", `${place}: runAsNonRoot, and runAsUser is 0`);
  }
  const groups = [
    ...(readList(ofPod["supplementalGroups"], "spec.securityContext.supplementalGroups", Number) ??
      []),
    ...(ofPod["fsGroup"] === undefined ? [] : [id("fsGroup")]),
  ];
  return [
    ...(user === undefined ? [] : [`--user=${user}`]),
    ...(group === undefined ? [] : [`--group=${group}`]),
    ...(groups.length === 0 ? [] : [`--supplementary-gids=${groups.join(",")}`]),
    ...(isTrue("readOnlyRootFilesystem") ? ["--readonly-rootfs=true"] : []),
    ...capabilityWords(own, `${place}.securityContext.capabilities`),
  ];
}

function capabilityWords(security: JsonObject, place: string): string[] {
  if (security["capabilities"] === undefined) return [];
  const given = readObject(security["capabilities"] ?? {}, place);
  const names = (field: string): string[] =>
    (readTexts(given[field], `${place}.${field}`) ?? []).map(
      (each) => `CAP_${each.toUpperCase().replace(/^CAP_/, "")}`,
    );
  const [add, drop] = [names("add"), names("drop")];
  if (add.includes("CAP_ALL")) {
    throw new Fault("unsupported", `${place}.add: ${quote("ALL")} is not supported; name them`);
  }
  const usual = drop.includes("CAP_ALL") ? [] : DEFAULT_CAPABILITIES;
  const kept = [...new Set([...usual.filter((each) => !drop.includes(each)), ...add])];
  // An empty list would leave the usual ones; nobody misses this one.
  return kept.length === 0
    ? [`--caps-remove=${DEFAULT_CAPABILITIES.join(",")}`]
    : [`--caps-retain=${kept.join(",")}`];
}
