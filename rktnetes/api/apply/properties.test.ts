/** What holds for every applied object of every kind. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { decodeJson } from "../codec/decode.ts";
import { encodeJson } from "../codec/encode.ts";
import { objectsOf } from "../codec/testsuite.ts";
import type { Kind } from "../kinds/kind.ts";
import { builtinKinds } from "../kinds/load.ts";
import { applyMergePatch } from "../patch/merge-patch.ts";
import { copyJson, equalJson, isObject, own, setOwn } from "../patch/values.ts";
import type { Json, JsonObject } from "../schema/schema.ts";
import { StatusFault } from "../status/status-fault.ts";
import { EMPTY } from "./field-set.ts";
import { applyConfiguration, type FieldWriter } from "./track-fields.ts";

const RUNS = { numRuns: 8 } as const;

function writerOf({ group, version, schema }: Kind, manager: string): FieldWriter {
  return {
    manager,
    now: "2026-01-01T00:00:00Z",
    apiVersion: group === "" ? version : `${group}/${version}`,
    subresource: "",
    schema,
    convert: () => undefined,
    resetFields: EMPTY,
  };
}

/** What a client would apply: a good object without what the server keeps. */
function configuration(kind: Kind, input: JsonObject): JsonObject {
  const { object } = decodeJson(kind.schema, JSON.stringify(input));
  const { apiVersion } = writerOf(kind, "");
  const { spec, data } = JSON.parse(encodeJson(kind.schema, object)) as JsonObject;
  const rest: JsonObject = { ...(spec === undefined ? {} : { spec }), ...(data ? { data } : {}) };
  return { apiVersion, kind: kind.kind, metadata: { name: "a" }, ...rest };
}

/** Undefined where the configuration says one thing twice, which is refused. */
function applied(
  kind: Kind,
  manager: string,
  live: JsonObject | undefined,
  config: JsonObject,
): JsonObject | undefined {
  try {
    return applyConfiguration(writerOf(kind, manager), live, config, { force: true });
  } catch (error) {
    if (error instanceof StatusFault && error.failure.code === 500) return undefined;
    throw error;
  }
}

/** Without the times: an apply that changes nothing has none. */
function ownersOf(object: JsonObject): Json {
  const { managedFields } = object["metadata"] as { readonly managedFields?: JsonObject[] };
  const entries = (managedFields ?? []).map((entry) => ({ ...entry }));
  for (const entry of entries) delete entry["time"];
  return entries.map((entry) => JSON.stringify(entry)).toSorted();
}

for (const kind of builtinKinds()) {
  const configs = objectsOf(kind.schema, 5).map((input) => configuration(kind, input));

  test(`${kind.group}/${kind.version} ${kind.kind}: to apply twice changes nothing`, () => {
    fc.assert(
      fc.property(configs, configs, (first, second) => {
        const live = applied(kind, "other", undefined, first);
        const once = live && applied(kind, "me", live, second);
        if (once === undefined) return;
        expect(applied(kind, "me", copyJson(once), second)).toEqual(once);
      }),
      RUNS,
    );
  });

  test(`${kind.group}/${kind.version} ${kind.kind}: who applies first owns no more`, () => {
    fc.assert(
      fc.property(configs, (config) => {
        const both = (one: string, two: string): Json | undefined => {
          const live = applied(kind, one, undefined, config);
          const then = live && applied(kind, two, live, config);
          return then && ownersOf(then);
        };
        expect(both("a", "b")).toEqual(both("b", "a") as Json);
      }),
      RUNS,
    );
  });
}

/** The merge patch that makes one document of another. */
function difference(before: JsonObject, after: JsonObject): JsonObject {
  const patch: JsonObject = {};
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) setOwn(patch, key, null);
  for (const key of Object.keys(after)) {
    const [was, is] = [own(before, key), own(after, key) ?? null];
    if (equalJson(was, is)) continue;
    setOwn(patch, key, isObject(was) && isObject(is) ? difference(was, is) : is);
  }
  return patch;
}

test("what a merge patch was made of comes out of it", () => {
  const keys = fc.constantFrom("a", "b", "c", "__proto__", "constructor");
  const documents = fc.letrec<{ tree: Json; object: JsonObject }>((tie) => ({
    object: fc.array(fc.tuple(keys, tie("tree")), { maxLength: 4 }).map((entries) => {
      const object: JsonObject = {};
      for (const [key, value] of entries) setOwn(object, key, value);
      return object;
    }),
    tree: fc.oneof(
      { maxDepth: 3 },
      fc.integer(),
      fc.string(),
      fc.constant<Json>([1]),
      tie("object"),
    ),
  })).object;
  fc.assert(
    fc.property(documents, documents, (before, after) => {
      const copy = copyJson(before);
      const patched = applyMergePatch(before, difference(before, after));
      expect(equalJson(patched, after)).toBe(true);
      expect(equalJson(before, copy)).toBe(true);
    }),
    { numRuns: 500 },
  );
});
