/** What Go's server says to requests that it does not hand on. */
import { describe, expect, test } from "bun:test";
import { type ParsedRequest, refusalOf, refusalText, unreadable } from "./broken-request.ts";

const GOOD: ParsedRequest = {
  url: "/version",
  httpVersion: "1.1",
  headers: { host: "x" },
  rawHeaders: ["Host", "x"],
};

describe("requests", () => {
  const rows: readonly (readonly [why: string, more: Partial<ParsedRequest>, body: string])[] = [
    ["are handed on", {}, ""],
    ["need a host", { headers: {} }, "400 Bad Request: missing required Host header"],
    ["may have an empty host", { headers: { host: "" }, rawHeaders: ["Host", ""] }, ""],
    ["of HTTP/1.0 need none", { httpVersion: "1.0", headers: {} }, ""],
    ["of HTTP/2 need none", { httpVersion: "2.0", headers: {} }, ""],
    [
      "have one host",
      { rawHeaders: ["Host", "x", "host", "y"] },
      "400 Bad Request: too many Host headers",
    ],
    ["may be chunked", { headers: { host: "x", "transfer-encoding": "Chunked" } }, ""],
    [
      "are not compressed",
      { headers: { host: "x", "transfer-encoding": "gzip, chunked" } },
      "Unsupported transfer encoding",
    ],
    ["have paths that can be read", { url: "/api/v1/%zz" }, "400 Bad Request"],
    ["have whole escapes", { url: "/api/%4" }, "400 Bad Request"],
    ["may escape anything", { url: "/api/%ff%00" }, ""],
    ["may have any query", { url: "/version?a=%zz" }, ""],
  ];
  test.each(rows)("%s", (_why, more, body) => {
    expect(refusalOf({ ...GOOD, ...more })?.body ?? "").toBe(body);
  });
});

test("a refusal ends the connection", () => {
  expect(refusalText(unreadable("HPE_INVALID_METHOD"))).toBe(
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n" +
      "Connection: close\r\n\r\n400 Bad Request",
  );
  expect(refusalText(unreadable("HPE_HEADER_OVERFLOW"))).toEndWith(
    "\r\n\r\n431 Request Header Fields Too Large",
  );
});
