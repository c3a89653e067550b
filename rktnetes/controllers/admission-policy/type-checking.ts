/**
 * The kinds that a policy names, and what its expressions do with them. In: a policy; definitions
 * of custom kinds are read where it names some. Out: warnings.
 */
import { type CheckedKind, policyWarnings } from "@rktnetes/api/cel/check-policy";
import { builtinType, customType } from "@rktnetes/api/cel/kind-types";
import type { CelType } from "@rktnetes/api/cel/types";
import type { Kind } from "@rktnetes/api/kind";
import { builtinKinds } from "@rktnetes/api/kinds";
import type { JsonObject } from "@rktnetes/api/schema";
import { readList, readObject, readText, readTexts } from "@rktnetes/api/object-at";
import { structuralOf } from "@rktnetes/api/structural/structural";
import type { Client } from "@rktnetes/client/client";

/** More kinds than these are not looked at. */
const KINDS_MAX = 10;

export async function typeChecking(
  client: Client,
  policy: JsonObject,
): Promise<readonly JsonObject[]> {
  const spec = readObject(policy, "spec");
  const custom = await customVersions(client, spec);
  const kinds = namedKinds(spec, [...builtinKinds(), ...custom.map(({ kind }) => kind)]);
  const checked = kinds.flatMap((kind): CheckedKind | readonly CheckedKind[] => {
    const { group, version, kind: name } = kind;
    const type = typeOf(kind, custom);
    return type === undefined ? [] : { group, version, kind: name, type };
  });
  const warnings = policyWarnings(spec, checked, paramsType(spec, custom));
  return warnings.map(({ fieldRef, warning }) => ({ fieldRef, warning }));
}

type Served = Pick<Kind, "group" | "version" | "kind" | "resource">;

interface CustomVersion {
  readonly kind: Served;
  readonly schema: JsonObject;
}

/** Read only for policies that are not about built-in kinds alone. */
async function customVersions(client: Client, spec: JsonObject): Promise<readonly CustomVersion[]> {
  const builtin = new Set(builtinKinds().map(({ group }) => group));
  const rules = readList(readObject(spec, "matchConstraints"), "resourceRules");
  const version = readText(readObject(spec, "paramKind"), "apiVersion");
  const groups = rules.flatMap((rule) => readTexts(rule, "apiGroups"));
  if (version.includes("/")) groups.push(version.slice(0, version.indexOf("/")));
  if (groups.every((group) => group === "*" || builtin.has(group))) return [];
  const place = { group: "apiextensions.k8s.io", version: "v1" };
  const { items } = await client.list({ ...place, resource: "customresourcedefinitions" });
  return items.flatMap((definition) => {
    const own = readObject(definition, "spec");
    const group = readText(own, "group");
    const names = readObject(own, "names");
    return readList(own, "versions")
      .filter((each) => each["served"] === true)
      .map((each): CustomVersion => {
        const named = { kind: readText(names, "kind"), resource: readText(names, "plural") };
        const schema = readObject(readObject(each, "schema"), "openAPIV3Schema");
        return { kind: { group, version: readText(each, "name"), ...named }, schema };
      });
  });
}

/** Of rules with wildcards and of sub-resources nothing is known. */
function namedKinds(spec: JsonObject, all: readonly Served[]): readonly Served[] {
  const found = new Set<Served>();
  for (const rule of readList(readObject(spec, "matchConstraints"), "resourceRules")) {
    const [groups, versions] = [readTexts(rule, "apiGroups"), readTexts(rule, "apiVersions")];
    const resources = readTexts(rule, "resources").filter((name) => !/[*/]/.test(name));
    for (const kind of all) {
      if (found.size === KINDS_MAX) break;
      if (!groups.includes(kind.group) || groups.includes("*")) continue;
      if (!versions.includes(kind.version) || versions.includes("*")) continue;
      if (resources.includes(kind.resource)) found.add(kind);
    }
  }
  const key = ({ group, version, kind }: Served): string => `${group}/${version}/${kind}`;
  return [...found].sort((left, right) => (key(left) < key(right) ? -1 : 1));
}

function typeOf(kind: Served, custom: readonly CustomVersion[]): CelType | undefined {
  const fits = (each: Served): boolean =>
    each.group === kind.group && each.version === kind.version && each.kind === kind.kind;
  const builtin = builtinKinds().find(fits);
  if (builtin !== undefined) return builtinType(builtin.schema);
  const found = custom.find((each) => fits(each.kind));
  return found === undefined ? undefined : customType(structuralOf(found.schema));
}

function paramsType(spec: JsonObject, custom: readonly CustomVersion[]): CelType | undefined {
  const wanted = readObject(spec, "paramKind");
  const apiVersion = readText(wanted, "apiVersion");
  const slash = apiVersion.indexOf("/");
  const group = slash < 0 ? "" : apiVersion.slice(0, slash);
  const version = apiVersion.slice(slash + 1);
  return typeOf({ group, version, kind: readText(wanted, "kind"), resource: "" }, custom);
}
