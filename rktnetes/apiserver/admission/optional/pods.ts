/** What the optional plug-ins have to say of pods by themselves: images, tolerations, affinity. */
import type { Container, Pod, Toleration } from "@rktnetes/api/types/core-v1";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import { isCreate, refused, targetOf, typed } from "../subject.ts";

type Image = Pick<Container, "image" | "imagePullPolicy">;

function imagesOf({ spec }: Pod): readonly Image[] {
  return [
    ...(spec?.initContainers ?? []),
    ...(spec?.containers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ];
}

/** Whoever uses an image must be able to pull it: nobody runs what others have left on a node. */
export const ALWAYS_PULL_IMAGES: AdmissionPlugin = {
  name: "AlwaysPullImages",
  mutate: (request) => {
    if (!namesImages(request)) return;
    const pod = typed<Pod>(request.object);
    for (const container of imagesOf(pod)) container.imagePullPolicy = "Always";
    for (const { image } of pod.spec?.volumes ?? []) {
      if ((image?.reference ?? "") !== "" && image !== undefined) image.pullPolicy = "Always";
    }
  },
  validate: (request) => {
    if (!namesImages(request)) return;
    const pod = typed<Pod>(request.object);
    const other = imagesOf(pod).find(({ imagePullPolicy }) => imagePullPolicy !== "Always");
    if (other === undefined) return;
    const policy = JSON.stringify(other.imagePullPolicy ?? "");
    throw refused(request, `Unsupported value: ${policy}: supported values: "Always"`);
  },
};

/** An update that brings no new image is left alone. */
function namesImages(request: AdmissionRequest): boolean {
  const target = targetOf(request);
  if (request.object === undefined) return false;
  if (target !== "/pods" && target !== "/pods/ephemeralcontainers") return false;
  if (request.old === undefined) return true;
  const before = new Set(imagesOf(typed<Pod>(request.old)).map(({ image }) => image));
  return imagesOf(typed<Pod>(request.object)).some(({ image }) => !before.has(image));
}

/** Pods that ask for a device tolerate the nodes that are kept for it. */
export const EXTENDED_RESOURCE_TOLERATION: AdmissionPlugin = {
  name: "ExtendedResourceToleration",
  mutate: (request) => {
    const { object } = request;
    if (targetOf(request) !== "/pods" || object === undefined) return;
    const { spec } = typed<Pod>(object);
    if (spec === undefined) return;
    const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
    const asked = containers.flatMap(({ resources }) => Object.keys(resources?.requests ?? {}));
    const extended = [...new Set(asked.filter(isExtended))].sort();
    const tolerations: Toleration[] = [...(spec.tolerations ?? [])];
    for (const key of extended) {
      const wanted = { key, operator: "Exists", effect: "NoSchedule" };
      const has = tolerations.some(
        (each) => each.key === key && each.operator === "Exists" && each.effect === wanted.effect,
      );
      if (!has) tolerations.push(wanted);
    }
    if (tolerations.length > 0) spec.tolerations = tolerations;
  },
};

/** Of a domain, and not of Kubernetes itself. */
function isExtended(resource: string): boolean {
  return resource.includes("/") && !resource.includes("kubernetes.io/");
}

const HOSTNAME = "kubernetes.io/hostname";

/** A pod keeps others from its node at most, not from a whole zone. */
export const LIMIT_POD_HARD_ANTI_AFFINITY_TOPOLOGY: AdmissionPlugin = {
  name: "LimitPodHardAntiAffinityTopology",
  validate: (request) => {
    if (!isCreate(request, "/pods")) return;
    const { podAntiAffinity } = typed<Pod>(request.object).spec?.affinity ?? {};
    const terms = podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const other = terms.find(({ topologyKey }) => topologyKey !== HOSTNAME);
    if (other === undefined) return;
    const what = "affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey";
    throw refused(request, `${what} ${other.topologyKey} but only key ${HOSTNAME} is allowed`);
  },
};
