import { describe, expect, test } from "bun:test";
import { STDIO_ANNOTATIONS } from "../contract.ts";
import { endpointsOf, stdioOf, withTerminal } from "./stdio.ts";

const said = (...pairs: (readonly [keyof typeof STDIO_ANNOTATIONS, string])[]) =>
  pairs.map(([stream, value]) => ({ name: STDIO_ANNOTATIONS[stream], value }));

describe("stdioOf()", () => {
  test("without annotations an app reads nothing and writes to its log", () => {
    expect(stdioOf([], false)).toEqual({ stdin: "null", stdout: "log", stderr: "log" });
  });

  test("an interactive app gets what annotations leave open", () => {
    expect(stdioOf(said(["stderr", "log"]), true)).toEqual({
      stdin: "interactive",
      stdout: "interactive",
      stderr: "log",
    });
  });

  test("a mode that a stream does not have is refused", () => {
    expect(() => stdioOf(said(["stdin", "log"]), false)).toThrow('"log" is no mode');
  });
});

describe("endpointsOf()", () => {
  test.each([
    ["null", "log", "log", ["stdout", "stderr"]],
    ["stream", "stream", "null", ["stdin", "stdout"]],
    ["tty", "tty", "tty", ["tty-in", "tty-out"]],
    ["tty", "log", "null", ["tty-in"]],
    ["null", "log", "tty", ["tty-out"]],
    ["interactive", "interactive", "interactive", []],
  ] as const)("%s, %s, %s", (stdin, stdout, stderr, want) => {
    expect(endpointsOf({ stdin, stdout, stderr })).toEqual([...want]);
  });
});

test("withTerminal() puts a terminal where all three streams are a person's own", () => {
  const own = stdioOf([], true);
  expect(endpointsOf(withTerminal(own, true))).toEqual(["tty-in", "tty-out"]);
  expect(withTerminal(own, false)).toBe(own);
  const piped = stdioOf(said(["stdout", "log"]), true);
  expect(withTerminal(piped, true)).toBe(piped);
});
