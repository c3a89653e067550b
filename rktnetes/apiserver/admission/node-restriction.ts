/**
 * A kubelet changes its own node, what is kept for it, and the pods that run on it, and nothing
 * else. In: writes of users that are nodes. Out: refusals.
 */
import { notFoundFault } from "@rktnetes/api/status-fault";
import type { TokenRequest } from "@rktnetes/api/types/authentication-v1";
import type {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Volume,
} from "@rktnetes/api/types/core-v1";
import type { ResourceSlice } from "@rktnetes/api/types/resource-v1";
import type { CSIDriver } from "@rktnetes/api/types/storage-v1";
import type { Authorizer } from "../auth/authorizer.ts";
import { nodeOf } from "../auth/node/node-authorizer.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { forbiddenLabels } from "./node-labels.ts";
import { nameOf, refused, targetOf, typed } from "./subject.ts";

interface Judged {
  readonly lookup: Lookup;
  readonly authorizer: Authorizer;
  readonly request: AdmissionRequest;
  readonly node: string;
}

const MIRROR = "kubernetes.io/config.mirror";

type Judge = (judged: Judged) => void | Promise<void>;

const JUDGES: Readonly<Record<string, Judge>> = {
  "/nodes": judgeNode,
  "/nodes/status": judgeNode,
  "/persistentvolumeclaims": ({ request }) => {
    throw refused(request, "may only update PVC status");
  },
  "/pods": judgePod,
  "/pods/eviction": judgeEviction,
  "/pods/status": judgePodStatus,
  "/serviceaccounts/token": judgeToken,
  "coordination.k8s.io/leases": judgeLease,
  "resource.k8s.io/resourceslices": judgeSlice,
  "storage.k8s.io/csinodes": judgeCsiNode,
};

export function nodeRestriction(lookup: Lookup, authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "NodeRestriction",
    mutate: async (request) => {
      const node = nodeOf(request.context.user);
      if (node !== undefined)
        await JUDGES[targetOf(request)]?.({ lookup, authorizer, request, node });
    },
    validate: async (request) => {
      if (request.operation !== "DELETE") return;
      const node = nodeOf(request.context.user);
      if (node !== undefined)
        await JUDGES[targetOf(request)]?.({ lookup, authorizer, request, node });
    },
  };
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function judgeNode({ request, node }: Judged): void {
  const name = nameOf(request);
  const me = `node ${quoted(node)}`;
  if (name !== node) throw refused(request, `${me} is not allowed to modify node ${quoted(name)}`);
  if (request.operation === "DELETE") return;
  const after = typed<Node>(request.object);
  const before = request.old === undefined ? undefined : typed<Node>(request.old);
  const labels = forbiddenLabels(before?.metadata.labels ?? {}, after.metadata.labels ?? {});
  if (labels.length > 0) {
    const what = before === undefined ? "set the following labels" : "modify labels";
    throw refused(request, `${me} is not allowed to ${what}: ${labels.join(", ")}`);
  }
  if (before === undefined) return;
  const isSame = (left: unknown, right: unknown): boolean =>
    JSON.stringify(left ?? []) === JSON.stringify(right ?? []);
  if (!isSame(before.metadata.ownerReferences, after.metadata.ownerReferences)) {
    throw refused(request, `${me} is not allowed to modify ownerReferences`);
  }
  if (!isSame(before.spec?.taints, after.spec?.taints)) {
    throw refused(request, `${me} is not allowed to modify taints`);
  }
}

function judgePod({ request, node }: Judged): void {
  const me = `node ${quoted(node)}`;
  if (request.operation === "DELETE") {
    if (typed<Pod>(request.old).spec?.nodeName === node) return;
    throw refused(request, `${me} can only delete pods with spec.nodeName set to itself`);
  }
  if (request.operation !== "CREATE") {
    throw refused(request, `unexpected operation ${quoted(request.operation)}`);
  }
  const { metadata, spec } = typed<Pod>(request.object);
  if (metadata.annotations?.[MIRROR] === undefined) {
    const why = `${me} can only create mirror pods`;
    throw refused(request, `pod does not have ${quoted(MIRROR)} annotation, ${why}`);
  }
  if (spec?.nodeName !== node) {
    throw refused(request, `${me} can only create pods with spec.nodeName set to itself`);
  }
  const [owner, ...others] = metadata.ownerReferences ?? [];
  if (others.length > 0) {
    const why = "can only create pods with a single owner reference set to itself";
    throw refused(request, `${me} ${why}`);
  }
  if (owner?.apiVersion !== "v1" || owner.kind !== "Node" || owner.name !== node) {
    throw refused(request, `${me} can only create pods with an owner reference set to itself`);
  }
  if (owner.controller !== true) {
    const why = "can only create pods with a controller owner reference set to itself";
    throw refused(request, `${me} ${why}`);
  }
  if (owner.blockOwnerDeletion === true) {
    throw refused(request, `${me} must not set blockOwnerDeletion on an owner reference`);
  }
  checkReferences(request, me);
}

/** What the node makes up by itself has no part in what the API keeps. */
function checkReferences(request: AdmissionRequest, me: string): void {
  const { spec } = typed<Pod>(request.object);
  const volumes = spec?.volumes ?? [];
  const sources = volumes.flatMap(({ projected }) => projected?.sources ?? []);
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  const refuse = (isUsed: boolean, what: string): void => {
    if (isUsed) throw refused(request, `${me} can not create pods that reference ${what}`);
  };
  refuse((spec?.serviceAccountName ?? "") !== "", "a service account");
  refuse(
    volumes.some(({ secret }) => secret !== undefined) ||
      sources.some(({ secret }) => secret !== undefined) ||
      containers.some(({ envFrom }) => envFrom?.some(({ secretRef }) => secretRef !== undefined)),
    "secrets",
  );
  refuse(
    volumes.some(({ configMap }) => configMap !== undefined) ||
      sources.some(({ configMap }) => configMap !== undefined),
    "configmaps",
  );
  refuse(
    volumes.some(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined),
    "persistentvolumeclaims",
  );
}

function judgePodStatus({ request, node }: Judged): void {
  const me = `node ${quoted(node)}`;
  const before = typed<Pod>(request.old);
  if (before.spec?.nodeName !== node) {
    const why = "can only update pod status for pods with spec.nodeName set to itself";
    throw refused(request, `${me} ${why}`);
  }
  const labels = (pod: Pod): string => JSON.stringify(pod.metadata.labels ?? {});
  if (labels(before) === labels(typed<Pod>(request.object))) return;
  throw refused(request, `${me} cannot update labels through pod status`);
}

async function judgeEviction({ lookup, request, node }: Judged): Promise<void> {
  const pod = await lookup.find<Pod>("/pods", request.namespace, request.name);
  if (pod === undefined) throw notFoundFault({ group: "", name: "pod" }, request.name);
  if (pod.spec?.nodeName === node) return;
  const why = `node ${quoted(node)} can only evict pods with spec.nodeName set to itself`;
  throw refused(request, why);
}

async function judgeToken(judged: Judged): Promise<void> {
  const { lookup, request, node } = judged;
  const reference = typed<TokenRequest>(request.object).spec?.boundObjectRef;
  if (reference?.apiVersion !== "v1" || reference.kind !== "Pod" || reference.name === undefined) {
    throw refused(request, "node requested token not bound to a pod");
  }
  if ((reference.uid ?? "") === "") {
    throw refused(request, "node requested token with a pod binding without a uid");
  }
  const pod = await lookup.find<Pod>("/pods", request.namespace, reference.name);
  if (pod === undefined) throw notFoundFault({ group: "", name: "pod" }, reference.name);
  if (pod.metadata.uid !== reference.uid) {
    const why = `the UID in the bound object reference (${reference.uid}) does not match the UID`;
    throw refused(
      request,
      `${why} in record. The object might have been deleted and then recreated`,
    );
  }
  if (pod.spec?.nodeName !== node) {
    throw refused(request, "node requested token bound to a pod scheduled on a different node");
  }
  await checkAudience(judged, pod);
}

/** A token is for whom the pod's volumes say, or for whom somebody has let the node ask. */
async function checkAudience(judged: Judged, { spec }: Pod): Promise<void> {
  const { request, authorizer, lookup } = judged;
  const audiences = typed<TokenRequest>(request.object).spec.audiences ?? [];
  if (audiences.length > 1) throw refused(request, "node may only request 0 or 1 audiences");
  const [audience = ""] = audiences;
  const volumes = spec?.volumes ?? [];
  const projected = volumes.flatMap(({ projected: volume }) => volume?.sources ?? []);
  const isNamed = projected.some(
    ({ serviceAccountToken: token }) => token !== undefined && (token.audience ?? "") === audience,
  );
  if (isNamed || (await isForDriver(lookup, { volumes, namespace: request.namespace }, audience))) {
    return;
  }
  const { context, namespace, name } = request;
  const { allowed } = await authorizer.authorize(context.user, {
    verb: "request-serviceaccounts-token-audience",
    isResource: true,
    path: "",
    group: "",
    version: "",
    namespace,
    resource: audience,
    subresource: "",
    name,
  });
  if (allowed) return;
  const why = `audience ${quoted(audience)} not found in pod spec volume`;
  const what = "is not authorized to request tokens for this audience";
  throw refused(request, `${why}, ${context.user.name} ${what}`);
}

interface Mounted {
  readonly volumes: readonly Volume[];
  readonly namespace: string;
}

/** Drivers of the pod's volumes get the tokens that they ask for. */
async function isForDriver(
  lookup: Lookup,
  { volumes, namespace }: Mounted,
  audience: string,
): Promise<boolean> {
  const drivers = volumes.flatMap(({ csi }) => csi?.driver ?? []);
  for (const { persistentVolumeClaim } of volumes) {
    const name = persistentVolumeClaim?.claimName ?? "";
    const claims = "/persistentvolumeclaims";
    const claim = await lookup.find<PersistentVolumeClaim>(claims, namespace, name);
    const volume = claim?.spec?.volumeName ?? "";
    const found = await lookup.find<PersistentVolume>("/persistentvolumes", "", volume);
    if (found?.spec?.csi !== undefined) drivers.push(found.spec.csi.driver);
  }
  for (const name of drivers) {
    const driver = await lookup.find<CSIDriver>("storage.k8s.io/csidrivers", "", name);
    const requests = driver?.spec.tokenRequests ?? [];
    if (requests.some((each) => (each.audience ?? "") === audience)) return true;
  }
  return false;
}

function judgeLease({ request, node }: Judged): void {
  if (request.namespace !== "kube-node-lease") {
    const why = `can only access leases in the "kube-node-lease" system namespace`;
    throw refused(request, why);
  }
  if (nameOf(request) === node) return;
  throw refused(request, "can only access node lease with the same name as the requesting node");
}

function judgeCsiNode({ request, node }: Judged): void {
  if (nameOf(request) === node) return;
  throw refused(request, "can only access CSINode with the same name as the requesting node");
}

function judgeSlice({ request, node }: Judged): void {
  const slice = typed<ResourceSlice>(request.object ?? request.old);
  if (slice.spec.nodeName === node) return;
  const verb = request.operation === "DELETE" ? "delete" : "create";
  if (request.operation === "UPDATE") return;
  const why = "ResourceSlice with the same NodeName as the requesting node";
  throw refused(request, `can only ${verb} ${why}`);
}
