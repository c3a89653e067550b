/** Defaults of a pod's volumes that are more than data. In: decoded volumes, changed in place. */
import type { JsonObject } from "../schema/schema.ts";
import { findObject, readList, readObject } from "../strategy/object-at.ts";
import { fill, fillAll } from "./fill.ts";
import { pullPolicyOf } from "./image-tag.ts";
import { roundAmounts } from "./resource-list.ts";

/** rw-r--r-- */
const FILE_MODE = 0o644;
const TOKEN_SECONDS = 3600;

export function volumeDefaults(volume: JsonObject): void {
  if (!Object.keys(volume).some((field) => field !== "name")) volume["emptyDir"] = {};
  for (const source of ["secret", "configMap", "downwardAPI", "projected"]) {
    const found = findObject(volume, source);
    if (found !== undefined) fill(found, "defaultMode", FILE_MODE);
  }
  downwardDefaults(readObject(volume, "downwardAPI"));
  for (const source of readList(readObject(volume, "projected"), "sources")) {
    downwardDefaults(readObject(source, "downwardAPI"));
    const token = findObject(source, "serviceAccountToken");
    if (token !== undefined) fill(token, "expirationSeconds", TOKEN_SECONDS);
  }
  const hostPath = findObject(volume, "hostPath");
  if (hostPath !== undefined) fill(hostPath, "type", "");
  const image = findObject(volume, "image");
  if (image !== undefined) fill(image, "pullPolicy", pullPolicyOf(image["reference"]));
  networkDefaults(volume);
  claimTemplateDefaults(volume);
}

/** Sources that are not on the node; persistent volumes have them, too. */
export function networkDefaults(volume: JsonObject): void {
  const iscsi = findObject(volume, "iscsi");
  if (iscsi !== undefined) fill(iscsi, "iscsiInterface", "default");
  const rbd = findObject(volume, "rbd");
  if (rbd !== undefined) fillAll(rbd, { pool: "rbd", user: "admin", keyring: "/etc/ceph/keyring" });
  const azure = findObject(volume, "azureDisk");
  if (azure !== undefined) {
    const values = { cachingMode: "ReadWrite", kind: "Shared", fsType: "ext4", readOnly: false };
    fillAll(azure, values);
  }
  const scaleIo = findObject(volume, "scaleIO");
  if (scaleIo !== undefined) fillAll(scaleIo, { storageMode: "ThinProvisioned", fsType: "xfs" });
}

function downwardDefaults(source: JsonObject): void {
  for (const item of readList(source, "items")) {
    const fieldRef = findObject(item, "fieldRef");
    if (fieldRef !== undefined) fill(fieldRef, "apiVersion", "v1");
  }
}

function claimTemplateDefaults(volume: JsonObject): void {
  const ephemeral = readObject(volume, "ephemeral");
  const spec = findObject(readObject(ephemeral, "volumeClaimTemplate"), "spec");
  if (spec !== undefined) claimSpecDefaults(spec);
}

/** What a claim of storage asks for. */
export function claimSpecDefaults(spec: JsonObject): void {
  fill(spec, "volumeMode", "Filesystem");
  for (const side of ["requests", "limits"]) roundAmounts(readObject(spec, "resources"), side);
}
