import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  encodeFrame,
  FrameReader,
  KIND,
  parseCall,
  parseSize,
  parseStatus,
} from "./attach-protocol.ts";

describe("FrameReader", () => {
  test("gives back what was encoded, however it is cut", () => {
    const frames = fc.array(
      fc.record({
        kind: fc.integer({ min: 0, max: 255 }),
        bytes: fc.uint8Array({ maxLength: 50 }),
      }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(frames, fc.integer({ min: 1, max: 20 }), (given, step) => {
        const all = Buffer.concat(given.map(({ kind, bytes }) => encodeFrame(kind, bytes)));
        const reader = new FrameReader();
        const got: unknown[] = [];
        for (let at = 0; at < all.length; at += step) {
          for (const { kind, bytes } of reader.add(all.subarray(at, at + step))) {
            got.push({ kind, bytes: new Uint8Array(bytes) });
          }
        }
        expect(got).toEqual(given);
      }),
    );
  });

  test("refuses a length that no client of ours sends", () => {
    const head = Buffer.from([KIND.stdin, 0xff, 0xff, 0xff, 0xff]);
    expect(() => [...new FrameReader().add(head)]).toThrow("too long");
  });
});

describe("what a client says is checked", () => {
  const of = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const size = { columns: 80, rows: 24 };

  test("a call", () => {
    const call = { app: "web", endpoints: ["stdout"], size };
    expect(parseCall(of(call))).toEqual({ app: "web", endpoints: ["stdout"], size });
    expect(parseCall(of({ app: "web", endpoints: "auto" }))).toMatchObject({ endpoints: "auto" });
  });

  test.each([
    ["no object", 1],
    ["no app", { endpoints: "auto" }],
    ["no endpoints", { app: "web" }],
    ["a size of texts", { app: "web", endpoints: "auto", size: { columns: "1", rows: 1 } }],
    ["a size that is none", { app: "web", endpoints: "auto", size: null }],
  ])("not a call: %s", (_why, value) => {
    expect(() => parseCall(of(value))).toThrow("read");
  });

  test("a size is within what the kernel takes", () => {
    expect(parseSize(of(size))).toEqual(size);
    expect(() => parseSize(of({ columns: 70_000, rows: 1 }))).toThrow("size of a terminal");
  });

  test("a status", () => {
    expect(parseStatus(of({ exit: 3 }))).toEqual({ exit: 3 });
    expect(parseStatus(of({ error: "gone" }))).toEqual({ error: "gone" });
  });
});
