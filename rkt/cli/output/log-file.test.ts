import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LogFile, mergeByTime } from "./log-file.ts";
import { type LogLayout, LogPrinter } from "./log-printer.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "rkt-logs-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const record = (second: number, rest: string): string =>
  `2026-01-02T03:04:${String(second).padStart(2, "0")}.000000001Z ${rest}\n`;

function logOf(app: string, content: string | Uint8Array): LogFile {
  writeFileSync(join(directory, app), content);
  return new LogFile(app, join(directory, app));
}

/** What a person sees on both streams. */
function printed(files: readonly LogFile[], layout: Partial<LogLayout> = {}) {
  const seen = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  const write = (stream: "stdout" | "stderr", bytes: Uint8Array): void => {
    seen[stream] = Buffer.concat([seen[stream], bytes]);
  };
  const printer = new LogPrinter({ write }, { prefixed: false, timestamps: false, ...layout });
  for (const line of mergeByTime(files)) printer.print(line);
  printer.flush();
  return { stdout: seen.stdout.toString("latin1"), stderr: seen.stderr.toString("latin1") };
}

describe("what was written comes out", () => {
  test("each line on its stream", () => {
    const log = logOf("a", record(1, "stdout F out") + record(2, "stderr F err"));
    expect(printed([log])).toEqual({ stdout: "out\n", stderr: "err\n" });
  });

  test("bytes that are no text are not changed", () => {
    const bytes = Buffer.concat([
      Buffer.from("2026-01-02T03:04:05Z stdout F "),
      Buffer.from([0, 255, 13, 128]),
      Buffer.from("\n"),
    ]);
    expect(printed([logOf("a", bytes)]).stdout).toBe("\x00\xff\r\x80\n");
  });

  test("an empty line, and a line of spaces", () => {
    const log = logOf("a", record(1, "stdout F ") + record(2, "stdout F   x"));
    expect(printed([log]).stdout).toBe("\n  x\n");
  });

  test("parts of a line are joined, whatever their length", () => {
    const long = "x".repeat(200_000);
    const log = logOf("a", record(1, `stdout P ${long}`) + record(2, "stdout F y"));
    expect(printed([log]).stdout).toBe(`${long}y\n`);
  });

  test("a line that the app never ended is not ended here", () => {
    expect(printed([logOf("a", record(1, "stdout P prompt> "))]).stdout).toBe("prompt> ");
  });

  test("a record that is not whole yet waits; the next reading goes on with it", () => {
    const whole = record(1, "stdout F one") + record(2, "stdout F two");
    const log = logOf("a", whole.slice(0, -5));
    expect(printed([log]).stdout).toBe("one\n");
    appendFileSync(join(directory, "a"), whole.slice(-5));
    expect(printed([log]).stdout).toBe("two\n");
    expect(printed([log]).stdout).toBe("");
  });

  test("a damaged record is left out", () => {
    const log = logOf("a", `\0\0\0\n${record(1, "stdout F one")}stdout F x\n`);
    expect(printed([log]).stdout).toBe("one\n");
  });

  test("an app that has not started has no lines", () => {
    expect(printed([new LogFile("a", join(directory, "none"))]).stdout).toBe("");
  });

  test("more than one block", () => {
    const lines = Array.from({ length: 5000 }, (_, at) => `line ${at} ${"z".repeat(at % 97)}`);
    const log = logOf("a", lines.map((line) => record(1, `stdout F ${line}`)).join(""));
    expect(printed([log]).stdout).toBe(`${lines.join("\n")}\n`);
  });
});

describe("several apps", () => {
  test("lines come in the order of time behind the app's name", () => {
    const a = logOf("a", record(1, "stdout F a1") + record(3, "stdout F a3"));
    const b = logOf("b", record(2, "stdout F b2") + record(4, "stdout F b4"));
    expect(printed([a, b], { prefixed: true }).stdout).toBe("a: a1\nb: b2\na: a3\nb: b4\n");
  });

  test("times of different precision are compared as times", () => {
    const a = logOf("a", "2026-01-02T03:04:05.5Z stdout F later\n");
    const b = logOf("b", "2026-01-02T03:04:05Z stdout F sooner\n");
    expect(printed([a, b]).stdout).toBe("sooner\nlater\n");
  });

  test("a line of one app never goes on in another's", () => {
    const a = logOf("a", record(1, "stdout P ask? ") + record(3, "stdout F yes"));
    const b = logOf("b", record(2, "stdout F other"));
    const { stdout } = printed([a, b], { prefixed: true });
    expect(stdout).toBe("a: ask? \nb: other\na: yes\n");
  });
});

/** Three files, the middle one ending in the midst of a line. */
function rotatedLog(): LogFile {
  writeFileSync(join(directory, "a.2"), record(1, "stdout F one"));
  writeFileSync(join(directory, "a.1"), record(2, "stdout F two") + record(3, "stdout P lo"));
  const rest = record(4, "stdout F ng") + record(6, "stdout F six") + record(7, "stdout F seven");
  return logOf("a", rest);
}

describe("rotated files", () => {
  const rotate = (): void => {
    const path = (age: number): string => join(directory, `a.${age}`);
    for (const age of [2, 1]) renameSync(path(age), path(age + 1));
    renameSync(join(directory, "a"), join(directory, "a.1"));
  };

  test("come oldest first, and a line goes on in the next", () => {
    expect(printed([rotatedLog()]).stdout).toBe("one\ntwo\nlong\nsix\nseven\n");
  });

  test("a reader goes on where it was, also while the new file is missing", () => {
    const log = rotatedLog();
    printed([log]);
    appendFileSync(join(directory, "a"), record(8, "stdout F eight"));
    rotate();
    expect(printed([log]).stdout).toBe("eight\n");
    writeFileSync(join(directory, "a"), record(9, "stdout F nine"));
    expect(printed([log]).stdout).toBe("nine\n");
  });

  test("a reader who was away too long goes on with the oldest that is left", () => {
    const log = rotatedLog();
    printed([log]);
    for (const name of ["a", "a.1", "a.2"]) rmSync(join(directory, name));
    writeFileSync(join(directory, "a.1"), record(8, "stdout F eight"));
    writeFileSync(join(directory, "a"), record(9, "stdout F nine"));
    expect(printed([log]).stdout).toBe("eight\nnine\n");
  });
});

test("lines before a time are left out", () => {
  const since = Date.parse("2026-01-02T03:04:04Z");
  const log = rotatedLog();
  expect(printed([log], { since }).stdout).toBe("ng\nsix\nseven\n");
});

test("times stand before the lines when asked", () => {
  const log = logOf("a", record(1, "stdout F x"));
  const { stdout } = printed([log], { timestamps: true, prefixed: true });
  expect(stdout).toBe("2026-01-02T03:04:01.000000001Z a: x\n");
});

describe("the last lines", () => {
  const lines = [
    record(1, "stdout F one"),
    record(2, "stdout P tw"),
    record(3, "stdout F o"),
    record(4, "stderr F three"),
    record(5, "stdout F four"),
  ].join("");
  const cases: readonly [count: number, content: string, stdout: string, stderr: string][] = [
    [0, lines, "", ""],
    [1, lines, "four\n", ""],
    [2, lines, "four\n", "three\n"],
    [3, lines, "two\nfour\n", "three\n"],
    [4, lines, "one\ntwo\nfour\n", "three\n"],
    [99, lines, "one\ntwo\nfour\n", "three\n"],
    [5, "", "", ""],
    [1, `${lines}${record(6, "stdout P open")}`, "open", ""],
    [2, `${lines}${record(6, "stdout P open")}`, "four\nopen", ""],
    [1, `${lines}2026-01-02T03:04:07Z stdout F cut o`, "four\n", ""],
  ];
  for (const [count, content, stdout, stderr] of cases) {
    test(`${count} of ${content.split("\n").length - 1} records: ${JSON.stringify(stdout)}`, () => {
      const log = logOf("a", content);
      log.skipToLast(count);
      expect(printed([log])).toEqual({ stdout, stderr });
    });
  }

  test("found across blocks", () => {
    const long = "y".repeat(150_000);
    const log = logOf("a", record(1, `stdout F ${long}`) + record(2, `stdout F 2${long}`));
    log.skipToLast(1);
    expect(printed([log]).stdout).toBe(`2${long}\n`);
  });

  test("found in rotated files", () => {
    const log = rotatedLog();
    const seen = [1, 3, 4, 5, 9].map((count) => {
      log.skipToLast(count);
      return printed([log]).stdout;
    });
    expect(seen).toEqual([
      "seven\n",
      "long\nsix\nseven\n",
      "two\nlong\nsix\nseven\n",
      "one\ntwo\nlong\nsix\nseven\n",
      "one\ntwo\nlong\nsix\nseven\n",
    ]);
  });

  test("with none asked for, only what comes later", () => {
    const log = logOf("a", record(1, "stdout F old"));
    log.skipToLast(0);
    appendFileSync(join(directory, "a"), record(2, "stdout F new"));
    expect(printed([log]).stdout).toBe("new\n");
  });
});
