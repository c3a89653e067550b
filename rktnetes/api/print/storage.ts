/** Volumes, claims, classes and drivers as rows. Pure. */
import type { JsonObject } from "../schema/schema.ts";
import { readText } from "../strategy/object-at.ts";
import {
  ageOf,
  annotationOf,
  at,
  countAt,
  isDeleted,
  nameOf,
  objectsAt,
  type Row,
  textAt,
  textsAt,
  UNSET,
} from "./cells.ts";

const ACCESS_MODES: readonly (readonly [mode: string, short: string])[] = [
  ["ReadWriteOnce", "RWO"],
  ["ReadOnlyMany", "ROX"],
  ["ReadWriteMany", "RWX"],
  ["ReadWriteOncePod", "RWOP"],
];

function accessModes(modes: readonly string[]): string {
  const given = ACCESS_MODES.filter(([mode]) => modes.includes(mode));
  return given.map(([, short]) => short).join(",");
}

function phaseOf(object: JsonObject): string {
  return isDeleted(object) ? "Terminating" : textAt(object, "status", "phase");
}

/** An annotation named the class before there was a field for it. */
function className(object: JsonObject): string {
  const old = annotationOf(object, "volume.beta.kubernetes.io/storage-class");
  return old || textAt(object, "spec", "storageClassName");
}

export const volumeRow: Row = (object, context) => {
  const namespace = textAt(object, "spec", "claimRef", "namespace");
  const hasClaim = at(object, "spec", "claimRef") !== undefined;
  return [
    nameOf(object),
    textAt(object, "spec", "capacity", "storage"),
    accessModes(textsAt(object, "spec", "accessModes")),
    textAt(object, "spec", "persistentVolumeReclaimPolicy"),
    phaseOf(object),
    hasClaim ? `${namespace}/${textAt(object, "spec", "claimRef", "name")}` : "",
    className(object),
    textAt(object, "spec", "volumeAttributesClassName") || UNSET,
    textAt(object, "status", "reason"),
    ageOf(object, context),
    textAt(object, "spec", "volumeMode") || UNSET,
  ];
};

/** Until a claim has a volume, it has neither capacity nor access modes. */
export const claimRow: Row = (object, context) => {
  const volume = textAt(object, "spec", "volumeName");
  return [
    nameOf(object),
    phaseOf(object),
    volume,
    volume === "" ? "" : textAt(object, "status", "capacity", "storage"),
    volume === "" ? "" : accessModes(textsAt(object, "status", "accessModes")),
    className(object),
    textAt(object, "spec", "volumeAttributesClassName") || UNSET,
    ageOf(object, context),
    textAt(object, "spec", "volumeMode") || UNSET,
  ];
};

const DEFAULT_CLASS: readonly string[] = [
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
];

export const storageClassRow: Row = (object, context) => {
  const isDefault = DEFAULT_CLASS.some((name) => annotationOf(object, name) === "true");
  return [
    `${nameOf(object)}${isDefault ? " (default)" : ""}`,
    textAt(object, "provisioner"),
    textAt(object, "reclaimPolicy") || "Delete",
    textAt(object, "volumeBindingMode") || "Immediate",
    at(object, "allowVolumeExpansion") === true,
    ageOf(object, context),
  ];
};

export const csiDriverRow: Row = (object, context) => {
  const tokens = objectsAt(object, "spec", "tokenRequests").map((each) =>
    readText(each, "audience"),
  );
  const modes = textsAt(object, "spec", "volumeLifecycleModes");
  return [
    nameOf(object),
    at(object, "spec", "attachRequired") !== false,
    at(object, "spec", "podInfoOnMount") === true,
    at(object, "spec", "storageCapacity") === true,
    tokens.length === 0 ? UNSET : tokens.join(","),
    at(object, "spec", "requiresRepublish") === true,
    modes.length === 0 ? UNSET : modes.join(","),
    ageOf(object, context),
  ];
};

export const csiNodeRow: Row = (object, context) => [
  nameOf(object),
  countAt(object, "spec", "drivers"),
  ageOf(object, context),
];

export const volumeAttachmentRow: Row = (object, context) => [
  nameOf(object),
  textAt(object, "spec", "attacher"),
  textAt(object, "spec", "source", "persistentVolumeName"),
  textAt(object, "spec", "nodeName"),
  at(object, "status", "attached") === true,
  ageOf(object, context),
];

export const attributesClassRow: Row = (object, context) => [
  nameOf(object),
  textAt(object, "driverName"),
  ageOf(object, context),
];
