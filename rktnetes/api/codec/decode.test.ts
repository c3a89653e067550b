import { describe, expect, test } from "bun:test";
import { assert, Fault } from "@shared/base";
import fc from "fast-check";

import { findKind } from "../kinds/load.ts";
import type { JsonObject, ObjectSchema } from "../schema/schema.ts";
import { decodeJson, peekTypeMeta } from "./decode.ts";
import { encodeJson } from "./encode.ts";
import { objectsOf, spoiled } from "./testsuite.ts";

function schemaOf(resource: string, group = "", version = "v1"): ObjectSchema {
  const kind = findKind(group, version, resource);
  assert(kind !== undefined, `there are ${resource}`);
  return kind.schema;
}

const CONFIG_MAP = schemaOf("configmaps");
const POD = schemaOf("pods");
const SECRET = schemaOf("secrets");
const LEASE = schemaOf("leases", "coordination.k8s.io");
const CRD = schemaOf("customresourcedefinitions", "apiextensions.k8s.io");

describe("what does not fit is said in Go's words", () => {
  const rows: readonly (readonly [ObjectSchema, text: string, words: string])[] = [
    [
      CONFIG_MAP,
      '{"metadata":"x"}',
      "json: cannot unmarshal string into Go struct field ConfigMap.metadata of type v1.ObjectMeta",
    ],
    [
      CONFIG_MAP,
      '{"metadata":{"labels":["a"]}}',
      "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels " +
        "of type map[string]string",
    ],
    [
      CONFIG_MAP,
      '{"data":{"a":{}}}',
      "json: cannot unmarshal object into Go struct field ConfigMap.data of type string",
    ],
    [
      CONFIG_MAP,
      '{"immutable":"yes"}',
      "json: cannot unmarshal string into Go struct field ConfigMap.immutable of type bool",
    ],
    [CONFIG_MAP, '{"binaryData":{"a":"not base64!"}}', "illegal base64 data at input byte 3"],
    [
      CONFIG_MAP,
      '{"metadata":{"generation":1.0}}',
      "json: cannot unmarshal number 1.0 into Go struct field " +
        "ObjectMeta.metadata.generation of type int64",
    ],
    [
      CONFIG_MAP,
      '{"metadata":{"generation":1e400}}',
      "json: cannot unmarshal number 1e400 into Go struct field " +
        "ObjectMeta.metadata.generation of type int64",
    ],
    [
      CONFIG_MAP,
      '{"metadata":{"generation":99999999999999999999}}',
      "json: cannot unmarshal number 99999999999999999999 into Go struct field " +
        "ObjectMeta.metadata.generation of type int64",
    ],
    [
      CONFIG_MAP,
      '{"metadata":{"creationTimestamp":"yesterday"}}',
      'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
    ],
    [
      CONFIG_MAP,
      '{"metadata":{"creationTimestamp":5}}',
      "json: cannot unmarshal number into Go struct field " +
        "ObjectMeta.metadata.creationTimestamp of type string",
    ],
    [CONFIG_MAP, "[]", "json: cannot unmarshal array into Go value of type v1.ConfigMap"],
    [
      POD,
      '{"spec":{"containers":[{"ports":[{"containerPort":3000000000}]}]}}',
      "json: cannot unmarshal number 3000000000 into Go struct field " +
        "ContainerPort.spec.containers.ports.containerPort of type int32",
    ],
    [
      POD,
      '{"spec":{"restartPolicy":7}}',
      "json: cannot unmarshal number into Go struct field PodSpec.spec.restartPolicy " +
        "of type v1.RestartPolicy",
    ],
    [
      POD,
      '{"spec":{"containers":[5]}}',
      "json: cannot unmarshal number into Go struct field PodSpec.spec.containers of " +
        "type v1.Container",
    ],
    [
      POD,
      '{"spec":{"overhead":{"cpu":"1x"},"hostIPC":5}}',
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [POD, '{"spec":{"hostIPC":5,"overhead":{"cpu":"1GG"}}}', "unable to parse quantity's suffix"],
    [
      LEASE,
      '{"spec":{"renewTime":"2024-01-01T00:00:00Z"}}',
      'as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
    ],
    [
      CRD,
      '{"spec":{"versions":[{"schema":{"openAPIV3Schema":{"additionalProperties":5}}}]}}',
      "boolean or JSON schema expected",
    ],
    [CONFIG_MAP, "{not", "invalid character 'n' looking for beginning of object key string"],
    [CONFIG_MAP, '{"data":{"a":"1"}} x', "invalid character 'x' after top-level value"],
    [CONFIG_MAP, "", "unexpected end of JSON input"],
  ];
  test.each(rows)("%#: %j → %s", (schema, text, words) => {
    expect(() => decodeJson(schema, text)).toThrow(words);
  });

  test("the first of several is said, unless a type that reads itself is wrong", () => {
    const text = '{"data":{"a":1},"immutable":5}';
    expect(() => decodeJson(CONFIG_MAP, text)).toThrow("ConfigMap.data of type string");
  });
});

describe("strict problems", () => {
  const rows: readonly (readonly [ObjectSchema, text: string, problems: readonly string[]])[] = [
    [
      CONFIG_MAP,
      '{"metadata":{"name":"a","bogus":1},"data":{"a":"1","a":"2"},"extra":{"x":1}}',
      ['unknown field "metadata.bogus"', 'duplicate field "data.a"', 'unknown field "extra"'],
    ],
    [
      POD,
      '{"spec":{"containers":[{"Image":"x","foo":{"bar":1}},{"env":[{"value":"1","val' +
        'ue":"2","vlaue":""}]}]}}',
      [
        'unknown field "spec.containers[0].Image"',
        'unknown field "spec.containers[0].foo"',
        'duplicate field "spec.containers[1].env[0].value"',
        'unknown field "spec.containers[1].env[0].vlaue"',
      ],
    ],
    [
      CONFIG_MAP,
      '{"__proto__":1,"constructor":2}',
      ['unknown field "__proto__"', 'unknown field "constructor"'],
    ],
    [CONFIG_MAP, '{"x":1,"x":2}', ['unknown field "x"']],
    [
      CRD,
      '{"spec":{"versions":[{"schema":{"openAPIV3Schema":{"properties":{"a":{"bogus":' +
        '1}},"additionalProperties":{"bogus":1}}}}]}}',
      ['unknown field "spec.versions[0].schema.openAPIV3Schema.properties.a.bogus"'],
    ],
  ];
  test.each(rows)("%#: %j", (schema, text, problems) => {
    const decoded = decodeJson(schema, text);
    expect(decoded.problems).toEqual(problems);
    expect(decoded.strictError).toBe(`strict decoding error: ${problems.join(", ")}`);
  });

  test("a hundred are enough", () => {
    const members = Array.from({ length: 500 }, (_, at) => `"f${at}":1`);
    expect(decodeJson(CONFIG_MAP, `{${members.join()}}`).problems).toHaveLength(100);
  });
});

describe("what comes out", () => {
  const rows: readonly (readonly [ObjectSchema, text: string, object: JsonObject, why: string])[] =
    [
      [
        CONFIG_MAP,
        '{"data":{},"immutable":false}',
        { metadata: {}, immutable: false },
        "empty maps go, pointers stay",
      ],
      [
        CONFIG_MAP,
        '{"data":null,"metadata":null,"immutable":null}',
        { metadata: {} },
        "null is nothing",
      ],
      [
        CONFIG_MAP,
        '{"data":{"a":null}}',
        { metadata: {}, data: { a: "" } },
        "null in a map is a zero value",
      ],
      [SECRET, '{"data":{"a":null}}', { metadata: {}, data: { a: "" } }, "null bytes are empty"],
      [
        CONFIG_MAP,
        '{"data":{"a":"1"},"data":{"b":"2"}}',
        { metadata: {}, data: { a: "1", b: "2" } },
        "doubled maps are joined",
      ],
      [
        CONFIG_MAP,
        '{"metadata":{"name":"a"},"metadata":{"namespace":"b"}}',
        { metadata: { name: "a", namespace: "b" } },
        "doubled objects are joined",
      ],
      [
        CONFIG_MAP,
        '{"metadata":{"generation":9223372036854775807}}',
        { metadata: { generation: 9223372036854775807n } },
        "64 bits are exact",
      ],
      [
        CONFIG_MAP,
        '{"metadata":{"name":"\\ud800"}}',
        { metadata: { name: "\ufffd" } },
        "half a pair is no character",
      ],
      [
        POD,
        '{"spec":{"containers":[{"ports":[{}]}]}}',
        {
          metadata: {},
          spec: {
            containers: [
              { name: "", resources: {}, ports: [{ containerPort: 0, protocol: "TCP" }] },
            ],
          },
          status: {},
        },
        "defaults of the data, fields that are always written",
      ],
      [
        POD,
        '{"spec":{"containers":[null]}}',
        { metadata: {}, spec: { containers: [{ name: "", resources: {} }] }, status: {} },
        "null in a list is a zero value",
      ],
    ];
  test.each(rows)("%#: %j (%s)", (schema, text, object) => {
    expect(decodeJson(schema, text).object).toEqual(object);
  });

  test("keys of Object's prototype are keys like others", () => {
    const { object } = decodeJson(CONFIG_MAP, '{"data":{"__proto__":"1","constructor":"2"}}');
    expect(encodeJson(CONFIG_MAP, object)).toBe(
      '{"metadata":{},"data":{"__proto__":"1","constructor":"2"}}',
    );
    expect(Object.getPrototypeOf(object["data"])).toBeNull();
  });
});

describe("for all objects", () => {
  for (const schema of [POD, CRD, LEASE, schemaOf("deployments", "apps")]) {
    test(`${schema.goType}: what was written is read the same, quickly and exactly`, () => {
      fc.assert(
        fc.property(objectsOf(schema), (input) => {
          const { object } = decodeJson(schema, JSON.stringify(input));
          const text = encodeJson(schema, object);
          const again = decodeJson(schema, text);
          expect(again.problems).toEqual([]);
          expect(encodeJson(schema, again.object)).toBe(text);
          const doubled = decodeJson(schema, `{"kind":"","kind":"",${text.slice(1)}`);
          expect(doubled.problems).toEqual(['duplicate field "kind"']);
          expect(encodeJson(schema, doubled.object)).toBe(text);
        }),
        { numRuns: 60 },
      );
    });
  }

  test("spoiled text is read or refused, never more", () => {
    fc.assert(
      fc.property(
        objectsOf(POD).chain((object) => spoiled(Buffer.from(JSON.stringify(object)))),
        (bytes) => {
          try {
            decodeJson(POD, bytes.toString());
          } catch (error) {
            expect(error).toBeInstanceOf(Fault);
            expect(Fault.from(error).kind).toBe("invalid");
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test("a hundred thousand objects are read, more are refused before they cost memory", () => {
    const many = (item: string, count: number): string =>
      `{"metadata":{"ownerReferences":[${Array.from({ length: count }, () => item).join(",")}]}}`;
    expect(decodeJson(CONFIG_MAP, many("{}", 99_998)).problems).toEqual([]);
    const words = "Request entity too large: limit is 100000 objects and members of maps";
    for (const item of ["{}", "null"]) {
      expect(() => decodeJson(CONFIG_MAP, many(item, 99_999))).toThrow(words);
    }
  });

  test("a hundred thousand members of maps are read, more are refused", () => {
    const many = (count: number): string =>
      `{"data":{${Array.from({ length: count }, (_, at) => `"k${at}":""`).join(",")}}}`;
    expect(decodeJson(CONFIG_MAP, many(99_999)).problems).toEqual([]);
    const words = "Request entity too large: limit is 100000 objects and members of maps";
    expect(() => decodeJson(CONFIG_MAP, many(100_000))).toThrow(words);
  });

  test("ten thousand levels are read, more are refused", () => {
    const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
    expect(decodeJson(CONFIG_MAP, nested(9_999)).problems).toEqual(['unknown field "a"']);
    expect(() => decodeJson(CONFIG_MAP, nested(10_001))).toThrow(
      "invalid character '{' exceeded max depth",
    );
  });
});

describe("kind and version before the schema is known", () => {
  test("are read from any object", () => {
    const text = '{"apiVersion":"apps/v1","kind":"Deployment","spec":5}';
    expect(peekTypeMeta(text)).toEqual({ apiVersion: "apps/v1", kind: "Deployment" });
    expect(peekTypeMeta("{}")).toEqual({ apiVersion: "", kind: "" });
  });

  const goType =
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; ' +
    'Kind string "json:\\"kind,omitempty\\"" }';
  const rows: readonly (readonly [text: string, words: string])[] = [
    ["{not", "invalid character 'n' looking for beginning of object key string"],
    ["[]", `json: cannot unmarshal array into Go value of type ${goType}`],
    ['"x"', `json: cannot unmarshal string into Go value of type ${goType}`],
    ['{"kind":5}', "json: cannot unmarshal number into Go struct field .kind of type string"],
    ["\ufeff{}", "invalid character 'ï' looking for beginning of value"],
    ["\x1f", "invalid character '\\x1f' looking for beginning of value"],
  ];
  test.each(rows)("%j is refused: %s", (text, words) => {
    expect(() => peekTypeMeta(text)).toThrow(
      `couldn't get version/kind; json parse error: ${words}`,
    );
  });
});
