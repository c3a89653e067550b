/**
 * The same request in another version of its resource: rules that name one version are about all of
 * them, unless they say otherwise. In: a request, the versions that are served. Out: the request as
 * somebody sees it who knows the other version; and what they made of it, in the version that was
 * written.
 */
import { decodeTree } from "@rktnetes/api/codec/decode";
import type { GroupVersionKind, Kind } from "@rktnetes/api/kind";
import type { JsonObject } from "@rktnetes/api/schema";
import { readObject, readText } from "@rktnetes/api/strategy/object-at";
import { isSame, SHARED_VERSIONS, type VersionedResource } from "@rktnetes/api/versions/shared";
import type { ResolveParts } from "../aggregation/resolve-service.ts";
import type { Converter } from "../custom/convert-by-webhook.ts";
import { apiVersionOf } from "../registry/resource.ts";
import { inVersion } from "../registry/shared-versions.ts";
import type { ServedKinds } from "../served-kinds.ts";
import type { AdmissionRequest } from "./admission.ts";

export interface EquivalentParts extends ResolveParts {
  readonly kinds: () => ServedKinds;
}

/** A request, and the version in which it is seen. */
export interface Seen {
  readonly request: AdmissionRequest;
  /** Undefined for the version of the request itself. */
  readonly kind: Kind | undefined;
}

/** What a request is about: as it is seen, and as it was sent. */
export interface SeenNames {
  readonly kind: GroupVersionKind;
  readonly resource: VersionedResource;
  readonly requestKind: GroupVersionKind;
  readonly requestResource: VersionedResource;
}

export function namesOf({ request, kind }: Seen): SeenNames {
  const own = request.resource.kind;
  const requestKind = gvkOf(request.body ?? own);
  const resource = gvrOf(kind ?? own);
  return {
    kind: kind === undefined ? requestKind : gvkOf(kind),
    resource,
    requestKind,
    requestResource: gvrOf(own),
  };
}

function gvkOf({ group, version, kind }: GroupVersionKind): GroupVersionKind {
  return { group, version, kind };
}

function gvrOf({ group, version, resource }: VersionedResource): VersionedResource {
  return { group, version, resource };
}

/** Other versions of the request's resource that are served. */
export function otherVersions(
  { kinds }: Pick<EquivalentParts, "kinds">,
  { resource: { kind }, body }: AdmissionRequest,
): readonly Kind[] {
  if (body !== undefined) return [];
  const shared = SHARED_VERSIONS.flatMap(({ seen, stored }) => [
    ...(isSame(seen, kind) ? [stored] : []),
    ...(isSame(stored, kind) ? [seen] : []),
  ]);
  const own = kinds()
    .groupVersions()
    .filter(({ group, version }) => group === kind.group && version !== kind.version)
    .map(({ group, version }) => ({ group, version, resource: kind.resource }));
  const all = [...own, ...shared.filter(({ group }) => group !== kind.group)];
  return all.flatMap(
    ({ group, version, resource }) => kinds().find(group, version, resource) ?? [],
  );
}

/** The request as seen in `kind`. @throws {StatusFault} when the objects cannot be converted */
export async function seenAs(
  parts: EquivalentParts,
  request: AdmissionRequest,
  kind: Kind | undefined,
): Promise<Seen> {
  if (kind === undefined) return { request, kind };
  const from = request.resource.kind;
  const convert = async (object: JsonObject | undefined): Promise<JsonObject | undefined> =>
    object === undefined ? undefined : await converted(parts, object, { from, to: kind });
  const [object, old] = [await convert(request.object), await convert(request.old)];
  return { request: { ...request, object, old }, kind };
}

/** What was made of an object of `seen`, in the version of the request. */
export async function broughtBack(
  parts: EquivalentParts,
  { request, kind }: Seen,
  object: JsonObject,
): Promise<JsonObject> {
  if (kind === undefined) return object;
  return await converted(parts, object, { from: kind, to: request.resource.kind });
}

interface Way {
  readonly from: Kind;
  readonly to: Kind;
}

async function converted(
  parts: EquivalentParts,
  object: JsonObject,
  { from, to }: Way,
): Promise<JsonObject> {
  const apiVersion = apiVersionOf(to);
  const whole = { ...object, kind: from.kind, apiVersion: apiVersionOf(from) };
  const shared = inVersion(from, apiVersion, whole);
  if (shared !== undefined) return shared.object;
  const convert = await customConverter(parts, from);
  const [made = whole] = convert === undefined ? [whole] : await convert([whole], apiVersion);
  return decodeTree(to.schema, { ...structuredClone(made), apiVersion }).object;
}

async function customConverter(
  { lookup, host }: EquivalentParts,
  { group, resource }: Kind,
): Promise<Converter | undefined> {
  const place = "apiextensions.k8s.io/customresourcedefinitions";
  const definition = await lookup.find(place, "", `${resource}.${group}`);
  const conversion = readObject(readObject(definition ?? {}, "spec"), "conversion");
  if (readText(conversion, "strategy") !== "Webhook") return undefined;
  const { webhookConverter } = await import("../custom/convert-by-webhook.ts");
  return webhookConverter(conversion, { lookup, host });
}
