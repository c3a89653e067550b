/**
 * What a body must be, and the words for one that is not: the kind that a path names against the
 * one that the body says. Pure. @throws {StatusFault} 400
 */
import { goQuote } from "@rktnetes/api/field-error";
import type { GroupVersionKind } from "@rktnetes/api/kind";
import { findType } from "@rktnetes/api/kinds";
import type { ObjectSchema } from "@rktnetes/api/schema";
import { badRequest, tooLarge } from "@rktnetes/api/status-fault";
import { Fault } from "@shared/base";
import { apiVersionOf } from "../registry/resource.ts";

/** What a body may be. */
export interface BodyKind extends GroupVersionKind {
  readonly schema: ObjectSchema;
  readonly hasProtobuf: boolean;
  /** An older version that reads the same, as `policy/v1beta1`. */
  readonly olderVersion?: string;
}

/** The beginning of what is said of a body that is not what the path wants. */
export function cannotBeHandled(said: GroupVersionKind, { kind }: BodyKind): string {
  return `${said.kind} in version ${goQuote(said.version)} cannot be handled as a ${kind}`;
}

/** What decoding refuses is said with the kind that was wanted. */
export function orRefuse<T>(kind: BodyKind, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof Fault && error.kind === "exhausted") throw tooLarge(error.message);
    if (!(error instanceof Fault) || error.kind !== "invalid") throw error;
    const what = cannotBeHandled(kind, kind);
    throw badRequest(`${what}: ${error.message}`);
  }
}

/** What an object says that it is. */
export interface SaidType {
  readonly apiVersion: string;
  readonly kind: string;
}

/** A body that is not even an object of some kind. */
export function unrecognized(why: string, bytes: Buffer, kind: BodyKind): Fault {
  const message = `the object provided is unrecognized (must be of type ${kind.kind}): ${why}`;
  return badRequest(`${message} (${showBytes(bytes)})`);
}

const SHOWN_MAX = 30;

/** The beginning of a body: as it is where it looks like JSON, else in hexadecimal digits. */
function showBytes(bytes: Buffer): string {
  if (bytes.length === 0) return "<empty>";
  const beginning = bytes.subarray(0, SHOWN_MAX);
  const shown = beginning.toString(bytes[0] === 0x7b ? "utf8" : "hex");
  return bytes.length > SHOWN_MAX ? `${shown} ...` : shown;
}

/** A body is read as what it says that it is before anybody asks whether that was wanted. */
export function refuseUnreadable(
  { apiVersion, kind: name }: SaidType,
  kind: BodyKind,
  decode: (schema: ObjectSchema) => unknown,
): void {
  if (name === "" || name === kind.kind || apiVersion === "") return;
  const at = apiVersion.indexOf("/");
  const group = apiVersion.slice(0, Math.max(at, 0));
  const said = { group, version: apiVersion.slice(at + 1), kind: name };
  const schema = findType(said);
  if (schema === undefined || kind.schema.structural !== undefined) return;
  try {
    decode(schema);
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== "invalid") throw error;
    throw badRequest(`${cannotBeHandled(said, kind)}: ${error.message}`);
  }
}

/** What is not said is taken from the path. */
export function checkType(said: SaidType, bytes: Buffer, kind: BodyKind): void {
  const [first = "", second, ...more] = said.apiVersion.split("/");
  if (more.length > 0) {
    throw unrecognized(`unexpected GroupVersion string: ${said.apiVersion}`, bytes, kind);
  }
  const own = apiVersionOf(kind);
  if (kind.schema.structural !== undefined) return checkCustomType(said, bytes, own);
  const apiVersion = said.apiVersion === "" ? own : said.apiVersion;
  const name = said.kind === "" ? kind.kind : said.kind;
  const isVersion = apiVersion === own || apiVersion === kind.olderVersion;
  if (isVersion && name === kind.kind) return;
  const group = second === undefined ? "" : first;
  const version = second ?? (first === "" ? kind.version : first);
  if (isForgotten(group, version, { group: kind.group, kind: name })) {
    const why = `does not match the expected API version (${own})`;
    throw badRequest(`the API version in the data (${apiVersion}) ${why}`);
  }
  throw badRequest(otherType({ group, version, kind: name }, kind));
}

/** Versions that Kubernetes still reads from its store, though it serves them no more. */
const FORGOTTEN: Readonly<Record<string, readonly string[]>> = {
  "admissionregistration.k8s.io": ["v1beta1"],
  apps: ["v1beta1", "v1beta2"],
  autoscaling: ["v2beta1", "v2beta2"],
  batch: ["v1beta1"],
  "certificates.k8s.io": ["v1beta1"],
  "coordination.k8s.io": ["v1beta1"],
  "discovery.k8s.io": ["v1beta1"],
  "events.k8s.io": ["v1beta1"],
  "flowcontrol.apiserver.k8s.io": ["v1beta1", "v1beta2", "v1beta3"],
  "networking.k8s.io": ["v1beta1"],
  "node.k8s.io": ["v1beta1", "v1alpha1"],
  policy: ["v1beta1"],
  "rbac.authorization.k8s.io": ["v1beta1", "v1alpha1"],
  "scheduling.k8s.io": ["v1beta1", "v1alpha1"],
  "storage.k8s.io": ["v1beta1", "v1alpha1"],
};

/** Kinds that began in the group of extensions. */
const EXTENSIONS: readonly string[] = [
  "DaemonSet",
  "Deployment",
  "Ingress",
  "NetworkPolicy",
  "ReplicaSet",
];

/** A version of the wanted kind that nobody can ask for. */
function isForgotten(
  group: string,
  version: string,
  wanted: { readonly group: string; readonly kind: string },
): boolean {
  if (group === "extensions") return version === "v1beta1" && EXTENSIONS.includes(wanted.kind);
  if (group !== wanted.group || FORGOTTEN[group]?.includes(version) !== true) return false;
  return findType({ group, version: "v1", kind: wanted.kind }) !== undefined;
}

/** Objects of custom kinds say themselves what they are; which kind is a matter of validation. */
function checkCustomType(said: SaidType, bytes: Buffer, own: string): void {
  if (said.kind === "" || said.apiVersion === "") {
    const what = said.kind === "" ? "Kind" : "apiVersion";
    const shown = bytes.toString().trim();
    throw badRequest(`error decoding custom resource: Object '${what}' is missing in '${shown}'`);
  }
  if (said.apiVersion === own) return;
  const why = `does not match the expected API version (${own})`;
  throw badRequest(`the API version in the data (${said.apiVersion}) ${why}`);
}

function otherType(said: GroupVersionKind, wanted: BodyKind): string {
  return `${cannotBeHandled(said, wanted)}: ${notOfType(said, wanted)}`;
}

/** Why an object that says it is one thing cannot be the other. */
export function notOfType(said: GroupVersionKind, wanted: GroupVersionKind): string {
  const isKnown =
    findType(said) !== undefined ||
    (said.kind.endsWith("List") &&
      findType({ ...said, kind: said.kind.slice(0, -4) }) !== undefined);
  if (!isKnown) {
    const full = goQuote(apiVersionOf(said));
    const scheme = '"pkg/api/legacyscheme/scheme.go:30"';
    const unknown = `no kind ${goQuote(said.kind)} is registered for version ${full}`;
    return `${unknown} in scheme ${scheme}`;
  }
  const target = wanted.group === "" ? "core" : (wanted.group.split(".")[0] ?? "");
  const converting = `converting (${said.version}.${said.kind}) to (${target}.${wanted.kind})`;
  return `${converting}: unknown conversion`;
}
