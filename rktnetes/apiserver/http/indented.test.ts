import { expect, test } from "bun:test";
import type { ApiRequest } from "./api-request.ts";
import { forReader, indentJson } from "./indented.ts";

const VALUES: readonly unknown[] = [
  {},
  [],
  { a: 1, b: [1, "x", { c: null }], d: {}, e: [], f: 'a "quoted": [text], {}\\' },
  "text",
];

for (const value of VALUES) {
  const text = JSON.stringify(value);
  test(`indented: ${text}`, () => {
    const wanted = JSON.stringify(value, undefined, 2);
    expect(indentJson(text)).toBe(wanted);
    expect(indentJson(wanted)).toBe(wanted);
  });
}

test("long strings with many escapes", () => {
  const text = JSON.stringify({ a: 'x"'.repeat(1_000_000) });
  expect(indentJson(text).length).toBe(text.length + "\n  ".length + " ".length + "\n".length);
});

test("numbers stay as they were written", () => {
  expect(indentJson("[12345678901234567890,1.50]")).toBe("[\n  12345678901234567890,\n  1.50\n]");
});

const REQUESTS: readonly (readonly [
  why: string,
  path: string,
  headers: object,
  pretty: boolean,
])[] = [
  ["a program", "/api/v1/x", { "user-agent": "kubectl/v1" }, false],
  ["curl", "/api/v1/x", { "user-agent": "curl/8" }, true],
  ["a browser", "/api/v1/x", { "user-agent": "Mozilla/5.0 (X)" }, true],
  ["whoever asks", "/api/v1/x?pretty=true", {}, true],
  ["curl that does not want it", "/api/v1/x?pretty=0", { "user-agent": "curl/8" }, false],
  ["an accept header", "/api/v1/x", { accept: "application/json;pretty=1" }, true],
  ["documents about the API", "/openapi/v2", { "user-agent": "curl/8" }, false],
];

for (const [why, path, headers, pretty] of REQUESTS) {
  test(`${why}: ${pretty ? "indented" : "as it is"}`, () => {
    const [name = "", search = ""] = path.split("?");
    const known = new Map(Object.entries(headers) as [string, string][]);
    const query = new URLSearchParams(search);
    const header = (key: string): string | undefined => known.get(key);
    const request = { path: name, search, query, header } as unknown as ApiRequest;
    const answer = { status: 200, type: "application/json", body: Buffer.from('{"a":1}') };
    const { body } = forReader(answer, request);
    expect(String(body)).toBe(pretty ? '{\n  "a": 1\n}' : '{"a":1}');
  });
}
