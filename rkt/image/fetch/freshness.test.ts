import { expect, test } from "bun:test";
import { isFresh, validityOf } from "./freshness.ts";

for (const [header, maxAgeMs, why] of [
  [undefined, 0, "no header"],
  ["max-age=600", 600_000, "plain"],
  ["public, Max-Age=60", 60_000, "among others, in any case"],
  ['max-age="5"', 5_000, "quoted, as RFC 9111 lets senders do wrongly"],
  ["max-age=0", 0, "at once"],
  ["max-age=-1", 0, "no number"],
  ["max-age=99999999999999999999", 315_360_000_000, "bounded"],
  ["no-cache, max-age=600", 0, "ask always"],
  ["no-store, max-age=600", 0, "keep nothing"],
  ["s-maxage=600", 0, "for shared caches only"],
] as const) {
  test(`validityOf(): ${why}`, () => {
    const headers = new Headers({ etag: '"x"' });
    if (header !== undefined) headers.set("cache-control", header);
    expect(validityOf(headers)).toEqual({ etag: '"x"', maxAgeMs });
  });
}

test("validityOf(): a server that says nothing", () => {
  expect(validityOf(new Headers())).toEqual({ etag: "", maxAgeMs: 0 });
});

for (const [nowMs, fresh, why] of [
  [1000, true, "just fetched"],
  [1999, true, "the last moment"],
  [2000, false, "over"],
  [999, false, "fetched in the future: the clock was wrong"],
] as const) {
  test(`isFresh(): ${why}`, () => {
    expect(isFresh({ fetchedMs: 1000, maxAgeMs: 1000 }, nowMs)).toBe(fresh);
  });
}
