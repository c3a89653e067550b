import { expect, test } from "bun:test";
import type { JsonObject } from "../../schema/schema.ts";
import { describeFieldErrors, type FieldError } from "../field-error.ts";
import {
  addressErrors,
  addressNameProblems,
  rangeErrors,
  rangeUpdateErrors,
} from "../networking/service-ranges.ts";
import {
  csiDriverErrors,
  csiDriverUpdateErrors,
  csiNodeErrors,
  csiNodeUpdateErrors,
  csiStorageCapacityErrors,
} from "../storage/csi.ts";
import { attachmentErrors, attachmentUpdateErrors } from "../storage/volume-attachment.ts";
import { apiServiceErrors, apiServiceStatusErrors } from "./api-service.ts";

type Check = (object: JsonObject) => readonly FieldError[];

const DRIVER = {
  attachRequired: true,
  podInfoOnMount: false,
  storageCapacity: false,
  seLinuxMount: false,
};
const ATTACHMENT = {
  attacher: "csi.example.com",
  nodeName: "n",
  source: { persistentVolumeName: "pv" },
};
const API = { group: "g", version: "v1", groupPriorityMinimum: 100, versionPriority: 10 };

const ROWS: readonly (readonly [why: string, check: Check, object: JsonObject, words: string])[] = [
  ["a driver as it should be", csiDriverErrors, { spec: DRIVER }, "[]"],
  [
    "a driver that says too little",
    csiDriverErrors,
    { spec: {} },
    "[spec.attachedRequired: Required value, spec.podInfoOnMount: Required value, " +
      "spec.storageCapacity: Required value, spec.seLinuxMount: Required value]",
  ],
  [
    "a way of owning files that there is not",
    csiDriverErrors,
    { spec: { ...DRIVER, fsGroupPolicy: "x", nodeAllocatableUpdatePeriodSeconds: 9 } },
    '[spec.fsGroupPolicy: Unsupported value: "x": supported values: "File", "None", ' +
      '"ReadWriteOnceWithFSType", spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: ' +
      "must be greater than or equal to 10 seconds]",
  ],
  [
    "two tokens for one audience",
    csiDriverErrors,
    {
      spec: {
        ...DRIVER,
        tokenRequests: [{ audience: "a", expirationSeconds: 599 }, { audience: "a" }],
      },
    },
    "[spec.tokenRequests[0].expirationSeconds: Invalid value: 599: may not specify a duration " +
      'less than 10 minutes, spec.tokenRequests[1].audience: Duplicate value: "a"]',
  ],
  [
    "a driver twice, without an id there",
    csiNodeErrors,
    {
      spec: {
        drivers: [
          { name: "a", nodeID: "1" },
          { name: "a", nodeID: "" },
        ],
      },
    },
    '[spec.drivers[1].nodeID: Required value, spec.drivers[1].name: Duplicate value: "a"]',
  ],
  [
    "a capacity below nothing",
    csiStorageCapacityErrors,
    { storageClassName: "a", capacity: "-1" },
    'capacity: Invalid value: "-1": must be greater than or equal to 0',
  ],
  ["an attachment as it should be", attachmentErrors, { spec: ATTACHMENT }, "[]"],
  [
    "an attachment of nothing",
    attachmentErrors,
    { spec: { ...ATTACHMENT, attacher: "", source: {} } },
    "[spec.source: Required value: must specify exactly one of inlineVolumeSpec and " +
      "persistentVolumeName, spec.attacher: Required value]",
  ],
  ["an address of nobody", addressErrors, { spec: {} }, "spec.parentRef: Required value"],
  [
    "an owner without a name",
    addressErrors,
    { spec: { parentRef: { resource: "services" } } },
    "spec.parentRef.name: Required value",
  ],
  ["no range", rangeErrors, { spec: {} }, "spec.cidrs: Required value: at least one CIDR required"],
  [
    "two ranges of one family",
    rangeErrors,
    { spec: { cidrs: ["10.0.0.0/24", "10.0.1.0/24"] } },
    'spec.cidrs: Invalid value: {"CIDRs":["10.0.0.0/24","10.0.1.0/24"]}: may specify no more ' +
      "than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64",
  ],
  [
    "a range that does not begin where it should",
    rangeErrors,
    { spec: { cidrs: ["10.0.0.1/24"] } },
    'spec.cidrs[0]: Invalid value: "10.0.0.1/24": must be in canonical form ("10.0.0.0/24")',
  ],
  [
    "an API under another name",
    apiServiceErrors,
    { metadata: { name: "v2.g" }, spec: API },
    'metadata.name: Invalid value: "v2.g": must be `spec.version+"."+spec.group`: "v1.g"',
  ],
  [
    "priorities beyond their bounds",
    apiServiceErrors,
    {
      metadata: { name: "v1.g" },
      spec: { ...API, groupPriorityMinimum: 0, versionPriority: 1001 },
    },
    "[spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000, " +
      "spec.versionPriority: Invalid value: 1001: must be positive and less than 1000]",
  ],
  [
    "a local API that trusts somebody",
    apiServiceErrors,
    { metadata: { name: "v1.g" }, spec: { ...API, caBundle: "AAAA", insecureSkipTLSVerify: true } },
    '[spec.caBundle: Invalid value: "3 bytes": local APIServices may not have a caBundle, ' +
      "spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have " +
      "insecureSkipTLSVerify]",
  ],
  [
    "a condition that is neither true nor false",
    apiServiceStatusErrors,
    { status: { conditions: [{ type: "Available", status: "x" }] } },
    'status.conditions[0].status: Unsupported value: "x": supported values: "True", "False", ' +
      '"Unknown"',
  ],
];

test.each(ROWS)("%s", (_why, check, object, words) => {
  expect(describeFieldErrors(check(object))).toBe(words);
});

test("addresses are spelled in one way", () => {
  expect(addressNameProblems("2001:db8::1")).toEqual([]);
  expect(addressNameProblems("2001:db8:0::1")).toEqual([
    'must be in canonical form ("2001:db8::1")',
  ]);
  expect(addressNameProblems("x")).toHaveLength(1);
});

test("what was promised stays", () => {
  const driver = { spec: DRIVER };
  const other = { spec: { ...DRIVER, attachRequired: false } };
  expect(csiDriverUpdateErrors(other, driver).map(({ field }) => field)).toEqual([
    "spec.attachedRequired",
  ]);
  const node = { spec: { drivers: [{ name: "a", nodeID: "1", allocatable: { count: 1 } }] } };
  const fuller = { spec: { drivers: [{ name: "a", nodeID: "1", allocatable: { count: 2 } }] } };
  const moved = { spec: { drivers: [{ name: "a", nodeID: "2" }] } };
  expect(csiNodeUpdateErrors(fuller, node)).toEqual([]);
  expect(csiNodeUpdateErrors(moved, node).map(({ field }) => field)).toEqual(["spec.drivers"]);
  const elsewhere = { spec: { ...ATTACHMENT, nodeName: "m" } };
  expect(attachmentUpdateErrors(elsewhere, { spec: ATTACHMENT }).map(({ field }) => field)).toEqual(
    ["spec"],
  );
});

test("a range may get a second family, and nothing else", () => {
  const old = { spec: { cidrs: ["10.0.0.0/24"] } };
  const both = { spec: { cidrs: ["10.0.0.0/24", "fd00::/112"] } };
  expect(rangeUpdateErrors(both, old)).toEqual([]);
  expect(rangeUpdateErrors(old, both).map(({ field }) => field)).toEqual(["spec.cidrs"]);
});
