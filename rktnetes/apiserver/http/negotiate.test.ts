import { expect, test } from "bun:test";
import { negotiate } from "./negotiate.ts";

const OFFER = { canStream: true, hasProtobuf: true, hasTables: true };
const TABLE = "as=Table;v=v1;g=meta.k8s.io";

const AGREED: readonly (readonly [accept: string | undefined, form: string, reason: string])[] = [
  [undefined, "application/json", "nothing said is JSON"],
  ["*/*", "application/json", "anything is JSON"],
  ["text/html, application/json", "application/json", "the one that there is"],
  ["application/json;q=0.5,application/yaml;q=0.9", "application/yaml", "the better one"],
  [`application/json;${TABLE},application/json`, "application/json Table", "the first one"],
  [`application/json;as=Bogus;v=v1;g=meta.k8s.io,application/json`, "application/json", "the next"],
  [
    `application/vnd.kubernetes.protobuf;${TABLE},application/json`,
    "application/json",
    "tables have no protobuf form",
  ],
  ["application/json;stream=watch", "application/json", "a stream, where there may be one"],
];

for (const [accept, form, reason] of AGREED) {
  test(`${accept}: ${reason}`, () => {
    const { mediaType, view } = negotiate(accept, OFFER);
    expect(view === undefined ? mediaType : `${mediaType} ${view}`).toBe(form);
  });
}

const REFUSED: readonly (readonly [accept: string, message: string])[] = [
  ["text/html", "406: Not Acceptable\n\nAvailable representations: application/json, "],
  ["application/*", "406: Not Acceptable\n\nAvailable representations: application/json, "],
  ["application/json;as=Table", "only the following media types are accepted: "],
  ["application/json;as=Table;v=v9;g=meta.k8s.io", "only the following media types are accepted: "],
];

for (const [accept, message] of REFUSED) {
  test(`refused: ${accept}`, () => {
    expect(() => negotiate(accept, OFFER)).toThrow(message);
  });
}

test("custom kinds have no protobuf form", () => {
  const accept = "application/vnd.kubernetes.protobuf";
  expect(() =>
    negotiate(accept, { canStream: false, hasProtobuf: false, hasTables: true }),
  ).toThrow("406");
});

test("what is never kept has no table", () => {
  const offer = { canStream: false, hasProtobuf: true, hasTables: false };
  const table = "application/json;as=Table;v=v1;g=meta.k8s.io";
  expect(() => negotiate(table, offer)).toThrow("only the following media types are accepted: ");
  expect(negotiate(`${table},application/json`, offer).view).toBeUndefined();
});
