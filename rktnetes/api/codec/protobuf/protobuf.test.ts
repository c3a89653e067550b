import { describe, expect, test } from "bun:test";
import { assert, Fault } from "@shared/base";
import fc from "fast-check";

import { builtinKinds, findKind, findType } from "../../kinds/load.ts";
import type { JsonObject, ObjectSchema } from "../../schema/schema.ts";
import { decodeJson } from "../decode.ts";
import { encodeJson } from "../encode.ts";
import { objectsOf, spoiled } from "../testsuite.ts";
import { decodeProtobuf } from "./decode-protobuf.ts";
import { encodeProtobuf, hasWireForm } from "./encode-protobuf.ts";
import { readEnvelope, writeEnvelope, writeWatchFrame } from "./envelope.ts";

function schemaOf(resource: string, group = "", version = "v1"): ObjectSchema {
  const kind = findKind(group, version, resource);
  assert(kind !== undefined, `there are ${resource}`);
  return kind.schema;
}

describe("for all objects", () => {
  /** StatefulSets hold whole claims, whose kind is not on the wire. */
  const kinds = builtinKinds().filter(({ kind }) => !/^(StatefulSet|PodTemplate)$/.test(kind));
  test.each(kinds.map((kind) => [kind.kind, kind.schema] as const))("%s", (_name, schema) => {
    fc.assert(
      fc.property(objectsOf(schema), (input) => {
        const { object } = decodeJson(schema, JSON.stringify(input));
        const back = decodeProtobuf(schema, encodeProtobuf(schema, object));
        expect(encodeJson(schema, back)).toBe(encodeJson(schema, object));
      }),
      { numRuns: 25 },
    );
  });

  test("spoiled bytes are read or refused, never more", () => {
    const schema = schemaOf("deployments", "apps");
    fc.assert(
      fc.property(
        objectsOf(schema).chain((input) => {
          const { object } = decodeJson(schema, JSON.stringify(input));
          return spoiled(encodeProtobuf(schema, object));
        }),
        (bytes) => {
          try {
            decodeProtobuf(schema, bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(Fault);
            expect(Fault.from(error).kind).toBe("invalid");
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("bytes of others", () => {
  const POD = schemaOf("pods");
  const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");

  test("Go's own encoding of a small pod", () => {
    const object = decodeProtobuf(
      POD,
      bytes("0a 07 0a 01 70 12 00 42 00 12 0f 12 0b 0a 01 63 12 01 69 42 00 a2 01 00 58 00 1a 00"),
    );
    expect(object).toMatchObject({
      metadata: { name: "p" },
      spec: { containers: [{ name: "c", image: "i" }] },
    });
  });

  const rows: readonly (readonly [hex: string, words: string, why: string])[] = [
    ["0a ff ff ff ff 0f", "unexpected EOF", "a length beyond the end"],
    ["0a ff ff ff ff ff ff ff ff ff 01", "proto: negative length found", "a length below zero"],
    ["0a 05 61", "unexpected EOF", "a length beyond the end"],
    ["80 80 80 80 80 80 80 80 80 80 01", "proto: integer overflow", "a number without end"],
    ["08 01", "proto: wrong wireType = 0 for field Metadata", "a number where a message is due"],
    [
      "0c",
      "proto: v1.Pod: wiretype end group for non-group",
      "the end of a group that did not begin",
    ],
    ["02 00", "proto: v1.Pod: illegal tag 0 (wire type 2)", "a field without a number"],
    ["af 06", "proto: illegal wireType 7", "no such form"],
  ];
  test.each(rows)("%s: %s (%s)", (hex, words) => {
    expect(() => decodeProtobuf(POD, bytes(hex))).toThrow(words);
  });

  test("unknown fields are passed over, groups too", () => {
    const unknown = "f8 06 05 f9 06 0000000000000000 fa 06 01 00 fb 06 08 01 fc 06 fd 06 00000000";
    expect(decodeProtobuf(schemaOf("configmaps"), bytes(unknown))).toEqual({ metadata: {} });
  });

  test("a hundred thousand messages in one are read, more are refused", () => {
    const owners = (count: number): Buffer => {
      const field = Buffer.alloc(2 * count);
      for (let at = 0; at < count; at++) field.set([0x6a, 0], 2 * at); // an owner without a field
      const length = [2 * count, (2 * count) >> 7, (2 * count) >> 14];
      const varint = length.map((part, at) => (part & 0x7f) | (at < 2 ? 0x80 : 0));
      return Buffer.concat([Buffer.from([0x0a, ...varint]), field]); // metadata
    };
    const metadata = decodeProtobuf(POD, owners(99_999))["metadata"] as JsonObject;
    expect(metadata["ownerReferences"]).toHaveLength(99_999);
    const words = "Request entity too large: limit is 100000 messages";
    expect(() => decodeProtobuf(POD, owners(100_000))).toThrow(words);
  });

  test("schemas nested without end are refused", () => {
    const schema = findType({
      group: "apiextensions.k8s.io",
      version: "v1",
      kind: "CustomResourceDefinition",
    });
    assert(schema !== undefined, "there are definitions");
    let nested = Buffer.alloc(0);
    const wrap = (number: number): void => {
      const size: number[] = [];
      let rest = nested.length;
      for (; rest >= 128; rest >>= 7) size.push((rest & 127) + 128);
      const tag = number * 8 + 2;
      const head = tag >= 128 ? [(tag & 127) + 128, tag >> 7] : [tag];
      nested = Buffer.concat([Buffer.from([...head, ...size, rest]), nested]);
    };
    for (let depth = 0; depth < 5_000; depth++) wrap(28);
    for (const number of [1, 4, 7, 2]) wrap(number);
    expect(() => decodeProtobuf(schema, nested)).toThrow("proto: message is nested too deeply");
  });
});

describe("envelopes", () => {
  test("say what they hold", () => {
    const raw = Buffer.from([1, 2, 3]);
    const envelope = writeEnvelope({ apiVersion: "apps/v1", kind: "Deployment", raw });
    expect(envelope.subarray(0, 4).toString("latin1")).toBe("k8s\0");
    expect(readEnvelope(envelope)).toEqual({ apiVersion: "apps/v1", kind: "Deployment", raw });
  });

  test("other bytes are none", () => {
    expect(() => readEnvelope(Buffer.from("{}"))).toThrow(
      "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
    );
    expect(() => readEnvelope(Buffer.alloc(0))).toThrow("empty data");
    expect(() => readEnvelope(Buffer.from("k8s\0"))).toThrow("empty body");
  });

  test("a watch frame begins with its length and holds type and object", () => {
    const frame = writeWatchFrame("ADDED", Buffer.from("k8s\0x"));
    expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
    expect(frame.subarray(4).toString("latin1")).toBe("\x0a\x05ADDED\x12\x07\x0a\x05k8s\0x");
  });

  test("an object in an embedded envelope becomes JSON", () => {
    const list = findType({ group: "", version: "v1", kind: "List" });
    const configMap = schemaOf("configmaps");
    assert(list !== undefined, "there are lists");
    const raw = encodeProtobuf(configMap, { data: { a: "b" } });
    const inner = writeEnvelope({ apiVersion: "v1", kind: "ConfigMap", raw });
    const item = Buffer.concat([Buffer.from([0x0a, inner.length]), inner]);
    const whole = Buffer.concat([Buffer.from([0x12, item.length]), item]);
    const items = [{ kind: "ConfigMap", apiVersion: "v1", metadata: {}, data: { a: "b" } }];
    expect(decodeProtobuf(list, whole)).toMatchObject({ items });
  });
});

test("tables have no form on the wire", () => {
  expect(hasWireForm("meta.k8s.io", "v1", "Table")).toBe(false);
  expect(hasWireForm("", "v1", "Status")).toBe(true);
});
