import { describe, expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kernel } from "@shared/linux";
import { copyOutput, LineSplitter } from "./output.ts";

describe("LineSplitter", () => {
  const cut = (...chunks: string[]): [string, boolean][] => {
    const lines: [string, boolean][] = [];
    const splitter = new LineSplitter((text, isWhole) => lines.push([text.toString(), isWhole]));
    for (const chunk of chunks) splitter.add(Buffer.from(chunk));
    splitter.end();
    return lines;
  };
  const long = "x".repeat(16_384);

  for (const [why, chunks, want] of [
    [
      "two lines in one chunk",
      ["a\nb\n"],
      [
        ["a", true],
        ["b", true],
      ],
    ],
    ["a line in two chunks", ["a", "b\n"], [["ab", true]]],
    ["an empty line", ["\n"], [["", true]]],
    [
      "no newline at the end",
      ["a\nb"],
      [
        ["a", true],
        ["b", true],
      ],
    ],
    ["nothing", [], []],
    ["a line of the greatest length", [`${long}\n`], [[long, true]]],
    [
      "a line too long",
      [`${long}y\n`],
      [
        [long, false],
        ["y", true],
      ],
    ],
  ] as const) {
    test(why, () => expect(cut(...chunks)).toEqual(want.map(([text, whole]) => [text, whole])));
  }
});

describe("copyOutput()", () => {
  const copy = async (text: string, prefix: string): Promise<{ log: string; out: string }> => {
    const dir = mkdtempSync(join(tmpdir(), "output-"));
    const { readFd, writeFd } = kernel.pipe();
    const logFd = openSync(join(dir, "log"), "w");
    const outFd = openSync(join(dir, "out"), "w");
    writeSync(writeFd, text);
    closeSync(writeFd);
    const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6), sleep: () => Promise.resolve() };
    await copyOutput({ clock }, readFd, { stream: "stderr", logFd, outFd, prefix });
    const result = {
      log: readFileSync(join(dir, "log"), "utf8"),
      out: readFileSync(join(dir, "out"), "utf8"),
    };
    closeSync(logFd);
    closeSync(outFd);
    rmSync(dir, { recursive: true });
    return result;
  };

  test("passes bytes on as they are and logs lines with time, stream and tag", async () => {
    expect(await copy("one\ntwo", "")).toEqual({
      out: "one\ntwo",
      log: ["one", "two"]
        .map((text) => `2026-01-02T03:04:05.006000000Z stderr F ${text}\n`)
        .join(""),
    });
  });

  test("puts the prefix before each line, not into the log", async () => {
    const { out, log } = await copy("one\ntwo\n", "web: ");
    expect(out).toBe("web: one\nweb: two\n");
    expect(log).not.toContain("web");
  });
});
