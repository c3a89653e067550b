/** What storage classes and drivers do beyond their data. */
import { csiDriverDefaults, storageClassDefaults } from "../../defaults/storage.ts";
import {
  csiDriverErrors,
  csiDriverUpdateErrors,
  csiNodeErrors,
  csiNodeUpdateErrors,
  csiStorageCapacityErrors,
  csiStorageCapacityUpdateErrors,
} from "../../validate/storage/csi.ts";
import {
  attributesClassErrors,
  attributesClassUpdateErrors,
  storageClassErrors,
  storageClassUpdateErrors,
} from "../../validate/storage/storage-class.ts";
import {
  attachmentErrors,
  attachmentUpdateErrors,
} from "../../validate/storage/volume-attachment.ts";
import { readList, readObject } from "../object-at.ts";
import type { Strategy } from "../strategy.ts";

export const STORAGE_CLASS: Strategy = {
  setDefaults: storageClassDefaults,
  validateCreate: storageClassErrors,
  validateUpdate: storageClassUpdateErrors,
};

export const VOLUME_ATTRIBUTES_CLASS: Strategy = {
  validateCreate: attributesClassErrors,
  validateUpdate: attributesClassUpdateErrors,
};

const TOKENS =
  "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to " +
  "prevent possible logging of tokens in volume attributes";

export const CSI_DRIVER: Strategy = {
  setDefaults: csiDriverDefaults,
  validateCreate: csiDriverErrors,
  validateUpdate: csiDriverUpdateErrors,
  warnings: (driver) => {
    const spec = readObject(driver, "spec");
    const asks = readList(spec, "tokenRequests").length > 0;
    return asks && spec["serviceAccountTokenInSecrets"] === undefined ? [TOKENS] : [];
  },
};

export const CSI_NODE: Strategy = {
  validateCreate: csiNodeErrors,
  validateUpdate: csiNodeUpdateErrors,
};

export const CSI_STORAGE_CAPACITY: Strategy = {
  validateCreate: csiStorageCapacityErrors,
  validateUpdate: csiStorageCapacityUpdateErrors,
};

export const VOLUME_ATTACHMENT: Strategy = {
  validateCreate: attachmentErrors,
  validateUpdate: attachmentUpdateErrors,
  subresources: { status: { validateUpdate: attachmentUpdateErrors } },
  prepareForCreate: (attachment) => {
    attachment["status"] = { attached: false };
  },
};
