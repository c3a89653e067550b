/** What a server's `Retry-After` means for us, with a clock that only notes. */
import { expect, test } from "bun:test";
import { describeFault, hintOf } from "@shared/base";
import type { HttpHost, HttpReply } from "../http.ts";
import { openWithRetry } from "./resume.ts";

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}

function reply(status: number, headers: Record<string, string> = {}): HttpReply {
  return { url: "https://a.test/x", status, headers: new Headers(headers), body: nothing() };
}

function hostOf(waits: number[]): HttpHost {
  const sleep = (ms: number): Promise<void> => {
    waits.push(ms);
    return Promise.resolve();
  };
  return { clock: { now: () => 0, sleep }, random: () => 1, version: "1" };
}

const DATE = "Fri, 20 Nov 2026 10:00:00 GMT";
const LATER = "Fri, 20 Nov 2026 10:00:20 GMT";

const WAITS: readonly (readonly [string, Record<string, string>, number])[] = [
  ["seconds", { "Retry-After": "3" }, 3000],
  ["a time, by the server's own clock", { "Retry-After": LATER, Date: DATE }, 20_000],
  ["a time that is past", { "Retry-After": DATE, Date: LATER }, 0],
  ["noise: as if nothing was said", { "Retry-After": "soon" }, 500],
  ["nothing", {}, 500],
];

for (const [what, headers, waitMs] of WAITS) {
  test(`${what} → ${waitMs} ms`, async () => {
    const waits: number[] = [];
    const replies = [reply(429, headers), reply(200)];
    const open = (): Promise<HttpReply> => Promise.resolve(replies.shift() ?? reply(500));
    expect((await openWithRetry(hostOf(waits), open, 0)).status).toBe(200);
    expect(waits).toEqual([waitMs]);
  });
}

test("a server that wants an hour is not waited for", async () => {
  const waits: number[] = [];
  const open = (): Promise<HttpReply> => Promise.resolve(reply(429, { "Retry-After": "3600" }));
  const fault = await openWithRetry(hostOf(waits), open, 0).catch((error: unknown) => error);
  expect(waits).toEqual([]);
  expect(describeFault(fault)).toBe('get "https://a.test/x": bad HTTP status code: 429');
  expect(hintOf(fault)).toBe("the server wants no more requests for 3600 s");
});
