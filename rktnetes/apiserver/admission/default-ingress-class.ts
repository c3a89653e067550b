/** An ingress that names no class gets the default one, if there is one. */
import type { Ingress, IngressClass } from "@rktnetes/api/types/networking-v1";
import type { AdmissionPlugin } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { isCreate, newestMarked, typed } from "./subject.ts";

const IS_DEFAULT = "ingressclass.kubernetes.io/is-default-class";
const CLASS_ANNOTATION = "kubernetes.io/ingress.class";

export function defaultIngressClass(lookup: Lookup): AdmissionPlugin {
  return {
    name: "DefaultIngressClass",
    mutate: async (request) => {
      if (!isCreate(request, "networking.k8s.io/ingresses")) return;
      const ingress = typed<Ingress>(request.object);
      if (ingress.spec?.ingressClassName !== undefined) return;
      if (ingress.metadata?.annotations?.[CLASS_ANNOTATION] !== undefined) return;
      const classes = await lookup.list<IngressClass>("networking.k8s.io/ingressclasses");
      const name = newestMarked(classes, [IS_DEFAULT])?.metadata?.name;
      if (name === undefined) return;
      ingress.spec ??= {};
      ingress.spec.ingressClassName = name;
    },
  };
}
