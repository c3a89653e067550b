import { describe, expect, test } from "bun:test";
import { GLOBAL_FLAGS } from "../flags/global.ts";
import type { CommandEntry } from "./command.ts";
import { findCommand } from "./find-command.ts";

const NAMES = ["gc", "image gc", "image list", "list", "rm", "run", "run-prepared", "secret"];
const TABLE: readonly CommandEntry[] = NAMES.map((name) => ({
  path: name.split(" "),
  summary: "",
  hidden: name === "secret",
  load: () => Promise.reject(new Error("not loaded here")),
}));

function find(line: string) {
  return findCommand(
    { name: "rkt", commands: TABLE },
    GLOBAL_FLAGS,
    line === "" ? [] : line.split(" "),
  );
}

describe("finds", () => {
  const found: readonly [line: string, path: string, rest: string][] = [
    ["list", "list", ""],
    ["li", "list", ""],
    ["l --full", "list", "--full"],
    ["run a --exec x", "run", "a --exec x"],
    ["run-p x", "run-prepared", "x"],
    ["image list", "image list", ""],
    ["im li --full", "image list", "--full"],
    ["image", "image", ""],
    ["image nothing", "image", "nothing"],
    ["secret", "secret", ""],
    ["--debug list", "list", "--debug"],
    ["--dir /x list", "list", "--dir /x"],
    ["--dir=/x list a", "list", "--dir=/x a"],
    ["--debug image --dir /x list", "image list", "--debug --dir /x"],
    ["--help list", "list", "--help"],
    ["-h list", "list", "-h"],
    ["", "", ""],
    ["--nothing list", "", "--nothing list"],
    ["--nothing=1 list", "list", "--nothing=1"],
    ["-- list", "", "-- list"],
  ];
  for (const [line, path, rest] of found) {
    test(`rkt ${line}`, () => {
      const { path: words, argv, entry } = find(line);
      expect([words.join(" "), argv.join(" ")]).toEqual([path, rest]);
      expect(entry?.path.join(" ")).toBe(NAMES.find((name) => name === path));
    });
  }
});

describe("refuses", () => {
  const unknown: readonly [line: string, near: string[]][] = [
    ["nothing", []],
    ["runn", ["run"]],
    ["ru", ["gc", "rm", "run", "run-prepared"]],
    ["lst", ["list"]],
    ["lst extra", ["list"]],
  ];
  for (const [line, near] of unknown) {
    test(`rkt ${line}`, () => {
      const suggestion = near.map((name) => `\t${name}\n`).join("");
      const lines = near.length === 0 ? "" : `\n\nDid you mean this?\n${suggestion}`;
      const word = line.split(" ")[0];
      expect(() => find(line)).toThrow(
        expect.objectContaining({ message: `unknown command "${word}" for "rkt"${lines}` }),
      );
    });
  }
});
