/** Checks of the level "restricted". @see Pod Security Standards, Restricted; baseline.ts */
import { seccompBaseline } from "./baseline.ts";
import type { Check, CheckedPod } from "./check.ts";
import {
  containersNamed,
  containersOf,
  namesWhere,
  plural,
  quoteAll,
  settersNamed,
  sortedSet,
} from "./words.ts";

const WINDOWS_SINCE = 25;

/** What Windows has no word for is not asked of its pods. */
function isExempt({ spec, minor }: CheckedPod): boolean {
  return minor >= WINDOWS_SINCE && spec.os?.name === "windows";
}

const escalation: Check = (pod) => {
  if (isExempt(pod)) return undefined;
  const names = namesWhere(
    pod.spec,
    (each) => each.securityContext?.allowPrivilegeEscalation !== false,
  );
  if (names.length === 0) return undefined;
  const what = "must set securityContext.allowPrivilegeEscalation=false";
  return {
    reason: "allowPrivilegeEscalation != false",
    detail: `${containersNamed(names)} ${what}`,
  };
};

const capabilities: Check = (pod) => {
  if (isExempt(pod)) return undefined;
  const { spec } = pod;
  const keeps = namesWhere(
    spec,
    (each) => !(each.securityContext?.capabilities?.drop ?? []).includes("ALL"),
  );
  const bad = (names: readonly string[] | undefined): readonly string[] =>
    (names ?? []).filter((name) => name !== "NET_BIND_SERVICE");
  const adds = namesWhere(spec, (each) => bad(each.securityContext?.capabilities?.add).length > 0);
  const details: string[] = [];
  if (keeps.length > 0) {
    details.push(`${containersNamed(keeps)} must set securityContext.capabilities.drop=["ALL"]`);
  }
  if (adds.length > 0) {
    const added = containersOf(spec).flatMap((each) =>
      bad(each.securityContext?.capabilities?.add),
    );
    const what = `must not include ${quoteAll(sortedSet(added))}`;
    details.push(`${containersNamed(adds)} ${what} in securityContext.capabilities.add`);
  }
  if (details.length === 0) return undefined;
  return { reason: "unrestricted capabilities", detail: details.join("; ") };
};

const VOLUMES: ReadonlySet<string> = new Set([
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "image",
  "persistentVolumeClaim",
  "projected",
  "secret",
]);

const volumes: Check = ({ spec }) => {
  const typeOf = (volume: object): string =>
    Object.keys(volume).find((field) => field !== "name") ?? "emptyDir";
  const bad = (spec.volumes ?? []).filter((volume) => !VOLUMES.has(typeOf(volume)));
  if (bad.length === 0) return undefined;
  const types = sortedSet(bad.map(typeOf));
  const names = quoteAll(bad.map(({ name }) => name));
  const which = `${plural("volume", "volumes", bad.length)} ${names}`;
  const uses = plural("uses", "use", bad.length);
  const what = plural("restricted volume type", "restricted volume types", types.length);
  return {
    reason: "restricted volume types",
    detail: `${which} ${uses} ${what} ${quoteAll(types)}`,
  };
};

const nonRoot: Check = ({ spec }) => {
  const own = spec.securityContext?.runAsNonRoot;
  const said = (each: { securityContext?: { runAsNonRoot?: boolean } }): boolean | undefined =>
    each.securityContext?.runAsNonRoot;
  const setters = settersNamed(
    own === false,
    namesWhere(spec, (each) => said(each) === false),
  );
  const silent = own === true ? [] : namesWhere(spec, (each) => said(each) === undefined);
  const details: string[] = [];
  if (setters !== "") details.push(`${setters} must not set securityContext.runAsNonRoot=false`);
  if (own === undefined && silent.length > 0) {
    details.push(`pod or ${containersNamed(silent)} must set securityContext.runAsNonRoot=true`);
  }
  if (details.length === 0) return undefined;
  return { reason: "runAsNonRoot != true", detail: details.join("; ") };
};

const RUN_AS_USER_SINCE = 23;

const runAsUser: Check = ({ spec, minor }) => {
  if (minor < RUN_AS_USER_SINCE) return undefined;
  const setters = settersNamed(
    spec.securityContext?.runAsUser === 0,
    namesWhere(spec, (each) => each.securityContext?.runAsUser === 0),
  );
  if (setters === "") return undefined;
  return { reason: "runAsUser=0", detail: `${setters} must not set runAsUser=0` };
};

const seccomp: Check = (pod) => {
  if (isExempt(pod)) return undefined;
  const { spec } = pod;
  const forbidden = seccompBaseline(pod)?.detail;
  const own = spec.securityContext?.seccompProfile?.type;
  const silent =
    own === undefined
      ? namesWhere(spec, (each) => each.securityContext?.seccompProfile?.type === undefined)
      : [];
  const details = forbidden === undefined ? [] : [forbidden];
  if (silent.length > 0) {
    const what = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"';
    details.push(`pod or ${containersNamed(silent)} ${what}`);
  }
  if (details.length === 0) return undefined;
  return { reason: "seccompProfile", detail: details.join("; ") };
};

/** Checks, and which check of the level below each replaces. */
export const RESTRICTED: readonly (readonly [replaces: string, check: Check])[] = [
  ["", escalation],
  ["capabilities", capabilities],
  ["hostPathVolumes", volumes],
  ["", nonRoot],
  ["", runAsUser],
  ["seccompProfile", seccomp],
];
