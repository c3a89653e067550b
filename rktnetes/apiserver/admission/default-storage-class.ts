/** A claim that names no storage class gets the default one, if there is one. */
import type { PersistentVolumeClaim } from "@rktnetes/api/types/core-v1";
import type { StorageClass } from "@rktnetes/api/types/storage-v1";
import type { AdmissionPlugin } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { isCreate, newestMarked, typed } from "./subject.ts";

const IS_DEFAULT = [
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
];
const CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class";

export function defaultStorageClass(lookup: Lookup): AdmissionPlugin {
  return {
    name: "DefaultStorageClass",
    mutate: async (request) => {
      if (!isCreate(request, "/persistentvolumeclaims")) return;
      const { spec, metadata } = typed<PersistentVolumeClaim>(request.object);
      if (spec === undefined || spec.storageClassName !== undefined) return;
      if (metadata?.annotations?.[CLASS_ANNOTATION] !== undefined) return;
      const classes = await lookup.list<StorageClass>("storage.k8s.io/storageclasses");
      const name = newestMarked(classes, IS_DEFAULT)?.metadata?.name;
      if (name !== undefined) spec.storageClassName = name;
    },
  };
}
