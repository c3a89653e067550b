import { expect, test } from "bun:test";
import { type Flag, helpOf, parseFlags } from "./flags.ts";

const FLAGS: readonly Flag[] = [
  { name: "port", also: "secure-port", value: "N", usage: "listens there", initial: "6443" },
  { name: "quiet", usage: "says nothing" },
];

test("flags take their value beside them or behind them", () => {
  for (const argv of [["--port", "1"], ["--port=1"]]) {
    expect(parseFlags(FLAGS, argv).flags.get("port")).toBe("1");
  }
  const { flags, help } = parseFlags(FLAGS, ["--quiet"]);
  expect([flags.get("port"), flags.has("port"), flags.has("quiet"), help]).toEqual([
    "6443",
    false,
    true,
    false,
  ]);
  expect(parseFlags(FLAGS, ["-h"]).help).toBe(true);
});

const REFUSED: readonly (readonly [argv: readonly string[], message: string])[] = [
  [["--prot", "1"], "unknown flag: --prot"],
  [["--port"], "flag needs an argument: --port"],
  [["word"], 'unexpected argument "word"'],
];

for (const [argv, message] of REFUSED) {
  test(`refused: ${argv.join(" ")}`, () => {
    expect(() => parseFlags(FLAGS, argv)).toThrow(message);
  });
}

test("a flag goes by either of its names", () => {
  expect(parseFlags(FLAGS, ["--secure-port=2"]).flags.get("port")).toBe("2");
});

test("help has a line for each flag", () => {
  expect(helpOf(FLAGS)).toBe("  --port=N  listens there (default 6443)\n  --quiet   says nothing");
});
