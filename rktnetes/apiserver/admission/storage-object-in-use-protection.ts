/** Volumes and claims that somebody uses go only when nobody does: a finalizer sees to that. */
import { finalizersOf, setMeta } from "../registry/metadata.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { targetOf } from "./subject.ts";

const FINALIZERS: Readonly<Record<string, string>> = {
  "/persistentvolumeclaims": "kubernetes.io/pvc-protection",
  "/persistentvolumes": "kubernetes.io/pv-protection",
  "storage.k8s.io/volumeattributesclasses": "kubernetes.io/vac-protection",
};

export const STORAGE_OBJECT_IN_USE_PROTECTION: AdmissionPlugin = {
  name: "StorageObjectInUseProtection",
  mutate: (request) => {
    const { operation, object } = request;
    if (operation !== "CREATE" || object === undefined) return;
    const finalizer = FINALIZERS[targetOf(request)];
    if (finalizer === undefined) return;
    const present = finalizersOf(object);
    if (!present.includes(finalizer)) setMeta(object, "finalizers", [...present, finalizer]);
  },
};
