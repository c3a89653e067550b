import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../schema/schema.ts";
import { describeFieldErrors } from "./field-error.ts";
import { objectMetaErrors, objectMetaUpdateErrors } from "./object-meta.ts";

const RULES = { namespaced: true, custom: false };

function problems(metadata: JsonObject, rules: Partial<typeof RULES> = {}): string {
  const object = { metadata: { name: "x", namespace: "ns", ...metadata } };
  return describeFieldErrors(objectMetaErrors(object, { ...RULES, ...rules }));
}

describe("metadata of new objects", () => {
  test.each([
    ["a prefix may end with a dash", { generateName: "web-" }, "[]"],
    ["no name", { name: "" }, "metadata.name: Required value: name or generateName is required"],
    [
      "a dotted value of a label that is too long",
      { labels: { a: "x".repeat(64) } },
      `metadata.labels: Invalid value: "${"x".repeat(64)}": must be no more than 63 bytes`,
    ],
    ["upper case in an annotation's prefix", { annotations: { "A.Com/b": "x" } }, "[]"],
    [
      "annotations beyond 256 KiB",
      { annotations: { a: "x".repeat(262_144) } },
      "metadata.annotations: Too long: may not be more than 262144 bytes",
    ],
    [
      "a finalizer without a domain",
      { finalizers: ["nodomain"] },
      'metadata.finalizers[0]: Invalid value: "nodomain": name is neither a standard finalizer ' +
        "name nor is it fully qualified",
    ],
    [
      "an event as owner",
      { ownerReferences: [{ apiVersion: "v1", kind: "Event", name: "p", uid: "u" }] },
      'metadata.ownerReferences: Invalid value: {"apiVersion":"v1","kind":"Event","name":"p",' +
        '"uid":"u"}: /v1, Kind=Event is disallowed from being an owner',
    ],
    ["two equal finalizers", { finalizers: ["a.b/c", "a.b/c"] }, "[]"],
  ])("%s", (_why, metadata, expected) => {
    expect(problems(metadata as JsonObject)).toBe(expected);
  });

  test("custom kinds may have finalizers of any name", () => {
    expect(problems({ finalizers: ["nodomain"] }, { custom: true })).toBe("[]");
  });

  test("cluster-wide kinds have no namespace", () => {
    const expected = "metadata.namespace: Forbidden: not allowed on this type";
    expect(problems({}, { namespaced: false })).toBe(expected);
  });
});

describe("metadata of changed objects", () => {
  test("an object that goes takes no further finalizers", () => {
    const old = { metadata: { name: "x", deletionTimestamp: "t", finalizers: ["a.b/c"] } };
    const finalizers = ["a.b/c", "a.b/d"];
    const object = { metadata: { name: "x", deletionTimestamp: "t", finalizers } };
    expect(describeFieldErrors(objectMetaUpdateErrors(object, old, RULES))).toBe(
      "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being " +
        'deleted, found new finalizers []string{"a.b/d"}',
    );
  });
});
