import { expect, test } from "bun:test";
import type { JsonObject } from "../../schema/schema.ts";
import { describeFieldErrors, type FieldError } from "../field-error.ts";
import { claimErrors, claimStatusErrors, claimUpdateErrors, deviceClassErrors } from "./claim.ts";
import { sliceErrors, sliceUpdateErrors } from "./slice.ts";

type Check = (object: JsonObject) => readonly FieldError[];

const EXACTLY = { deviceClassName: "gpu", allocationMode: "ExactCount", count: 1 };
const REQUEST = { name: "a", exactly: EXACTLY };

function claim(devices: JsonObject): JsonObject {
  return { spec: { devices } };
}

const SLICE = {
  driver: "d.example.com",
  pool: { name: "p", generation: 1, resourceSliceCount: 1 },
  nodeName: "n",
  devices: [{ name: "one" }],
};
const REFERENCE =
  "must be the name of a request in the claim or the name of a request and a subrequest " +
  "separated by '/'";

const ROWS: readonly (readonly [why: string, check: Check, object: JsonObject, words: string])[] = [
  ["a claim as it should be", claimErrors, claim({ requests: [REQUEST] }), "[]"],
  [
    "a request of nothing",
    claimErrors,
    claim({ requests: [{ name: "a" }] }),
    "spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is " +
      "required",
  ],
  [
    "a number where all are wanted",
    claimErrors,
    claim({ requests: [{ name: "a", exactly: { ...EXACTLY, allocationMode: "All" } }] }),
    "spec.devices.requests[0].exactly.count: Invalid value: 1: must not be specified when " +
      "allocationMode is 'All'",
  ],
  [
    "two requests of one name",
    claimErrors,
    claim({ requests: [REQUEST, REQUEST] }),
    'spec.devices.requests[1]: Duplicate value: "a"',
  ],
  [
    "a constraint on what nobody asked for",
    claimErrors,
    claim({ requests: [REQUEST], constraints: [{ requests: ["b"], matchAttribute: "x.io/a" }] }),
    `spec.devices.constraints[0].requests[0]: Invalid value: "b": ${REFERENCE}`,
  ],
  [
    "a configuration of one of several choices",
    claimErrors,
    claim({
      requests: [{ name: "a", firstAvailable: [{ name: "x", ...EXACTLY }] }],
      config: [{ requests: ["a/x"], opaque: { driver: "d.example.com", parameters: {} } }],
    }),
    "[]",
  ],
  [
    "a selector that selects by nothing",
    deviceClassErrors,
    { spec: { selectors: [{}] } },
    "spec.selectors[0].cel: Required value",
  ],
  [
    "a configuration of nobody",
    deviceClassErrors,
    { spec: { config: [{}] } },
    "spec.config[0].opaque: Required value",
  ],
  ["a slice as it should be", sliceErrors, { spec: SLICE }, "[]"],
  [
    "devices that are nowhere",
    sliceErrors,
    { spec: { ...SLICE, nodeName: "" } },
    '[spec.nodeName: Invalid value: "": must be either unset or set to a non-empty string, ' +
      "spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, " +
      "`perDeviceNodeSelection` is required]",
  ],
  [
    "devices that are in two places",
    sliceErrors,
    { spec: { ...SLICE, allNodes: true } },
    'spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, ' +
      "`nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields " +
      "are set",
  ],
  [
    "two devices of one name",
    sliceErrors,
    { spec: { ...SLICE, devices: [{ name: "one" }, { name: "one" }] } },
    'spec.devices[1]: Duplicate value: "one"',
  ],
];

test.each(ROWS)("%s", (_why, check, object, words) => {
  expect(describeFieldErrors(check(object))).toBe(words);
});

test("what was claimed stays; slices keep driver, pool and node", () => {
  const before = claim({ requests: [REQUEST] });
  const after = claim({ requests: [{ ...REQUEST, name: "b" }] });
  expect(claimUpdateErrors(after, before).map(({ field }) => field)).toEqual(["spec"]);
  expect(claimUpdateErrors(before, before)).toEqual([]);
  const moved = { spec: { ...SLICE, nodeName: "m" } };
  expect(sliceUpdateErrors(moved, { spec: SLICE }).map(({ field }) => field)).toEqual([
    "spec.nodeName",
  ]);
});

test("nobody uses what nobody was given, and nobody new what is going", () => {
  const user = { resource: "pods", name: "p", uid: "1" };
  const unallocated = { status: { reservedFor: [user] } };
  expect(describeFieldErrors(claimStatusErrors(unallocated, {}))).toBe(
    "status.reservedFor: Forbidden: may not be specified when `allocated` is not set",
  );
  const old = { status: { allocation: {}, reservedFor: [user] } };
  const metadata = { deletionTimestamp: "2026-01-01T00:00:00Z" };
  const more = { ...user, uid: "2" };
  const going = { metadata, status: { allocation: {}, reservedFor: [user, more] } };
  expect(claimStatusErrors(going, old).map(({ type }) => type)).toEqual(["FieldValueForbidden"]);
  expect(claimStatusErrors({ ...old, metadata }, old)).toEqual([]);
});
