import { describe, expect, test } from "bun:test";
import { closeSync, writeSync } from "node:fs";
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
  const copy = async (
    text: string,
    prefix: string,
  ): Promise<Record<"log" | "out" | "said", string>> => {
    const { readFd, writeFd } = kernel.pipe();
    writeSync(writeFd, text);
    closeSync(writeFd);
    const got = { log: "", out: "", said: "" };
    await copyOutput(readFd, {
      stream: "stderr",
      prefix,
      log: {
        add: (records) => {
          for (const { stream, text: line, isWhole } of records) {
            got.log += `${stream} ${isWhole ? "F" : "P"} ${line.toString()};`;
          }
        },
      },
      streams: { say: (stream, bytes) => void (got.said += `${stream} ${bytes.toString()};`) },
      out: {
        write: async (bytes) => {
          await Promise.resolve();
          got.out += Buffer.from(bytes).toString();
        },
      },
    });
    closeSync(readFd);
    return got;
  };

  test("passes bytes on as they are and logs lines", async () => {
    expect(await copy("one\ntwo", "")).toEqual({
      out: "one\ntwo",
      log: "stderr F one;stderr F two;",
      said: "stderr one\ntwo;",
    });
  });

  test("puts the prefix before each line, not into the log, nor before clients", async () => {
    const { out, log, said } = await copy("one\ntwo\n", "web: ");
    expect(out).toBe("web: one\nweb: two\n");
    expect(log + said).not.toContain("web");
  });
});
