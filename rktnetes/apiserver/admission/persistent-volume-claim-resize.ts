/** Only bound claims grow, and only where their storage class allows it. */
import type { PersistentVolumeClaim } from "@rktnetes/api/types/core-v1";
import type { StorageClass } from "@rktnetes/api/types/storage-v1";
import { compareQuantities, parseQuantity } from "@rktnetes/api/values/quantity";
import type { AdmissionPlugin } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { refused, targetOf, typed } from "./subject.ts";

const NOT_RESIZABLE =
  "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc " +
  "must support resize";

export function persistentVolumeClaimResize(lookup: Lookup): AdmissionPlugin {
  return {
    name: "PersistentVolumeClaimResize",
    validate: async (request) => {
      if (request.operation !== "UPDATE") return;
      if (targetOf(request) !== "/persistentvolumeclaims") return;
      const claim = typed<PersistentVolumeClaim>(request.object);
      const old = typed<PersistentVolumeClaim>(request.old);
      if (compareQuantities(sizeOf(claim), sizeOf(old)) <= 0) return;
      if (old.status?.phase !== "Bound") {
        throw refused(request, "Only bound persistent volume claims can be expanded");
      }
      const name = claim.spec?.storageClassName ?? "";
      const from = old.spec?.storageClassName ?? "";
      if (name === "" || from === "") throw refused(request, NOT_RESIZABLE);
      const found = await lookup.find<StorageClass>("storage.k8s.io/storageclasses", "", name);
      if (found?.allowVolumeExpansion !== true) throw refused(request, NOT_RESIZABLE);
    },
  };
}

function sizeOf({ spec }: PersistentVolumeClaim): ReturnType<typeof parseQuantity> {
  return parseQuantity(spec?.resources?.requests?.["storage"] ?? "0");
}
