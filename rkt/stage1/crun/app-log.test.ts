import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppLog, type LogRecord, logSettings, type LogSettings } from "./app-log.ts";

let pod = "";
beforeEach(() => {
  pod = mkdtempSync(join(tmpdir(), "app-log-"));
  mkdirSync(join(pod, "logs"));
});
afterEach(() => rmSync(pod, { recursive: true, force: true }));

const TIME = "2026-01-02T03:04:05.006000000Z";
const now = (): number => Date.UTC(2026, 0, 2, 3, 4, 5, 6);
const line = (text: string, isWhole = true): LogRecord => ({
  stream: "stdout",
  text: Buffer.from(text),
  isWhole,
});

function openLog(settings: Partial<LogSettings> = {}): AppLog {
  const usual = { driver: "file", maxBytes: 1000, maxFiles: 3 } as const;
  return new AppLog(now, { pod, uuid: "u", name: "web" }, { ...usual, ...settings });
}

const files = (): string[] => readdirSync(join(pod, "logs")).sort();
const textOf = (file: string): string => readFileSync(join(pod, "logs", file), "utf8");

describe("AppLog", () => {
  test("keeps lines in the CRI form, parts marked", () => {
    using log = openLog();
    log.add([line("one"), line("tw", false), { ...line("o"), stream: "stderr" }]);
    expect(textOf("web.log")).toBe(
      `${TIME} stdout F one\n${TIME} stdout P tw\n${TIME} stderr F o\n`,
    );
  });

  test("goes on in the file that is there", () => {
    for (const text of ["one", "two"]) {
      using log = openLog();
      log.add([line(text)]);
    }
    expect(textOf("web.log")).toBe(`${TIME} stdout F one\n${TIME} stdout F two\n`);
  });

  test("no file is too long, no more are kept, none of the last lines is lost", () => {
    using log = openLog();
    const all = Array.from({ length: 200 }, (_, at) => `line ${at}`);
    log.add(all.slice(0, 50).map((text) => line(text)));
    for (const text of all.slice(50)) log.add([line(text)]);
    expect(files()).toEqual(["web.log", "web.log.1", "web.log.2"]);
    const kept = ["web.log.2", "web.log.1", "web.log"].map(textOf);
    for (const text of kept) expect(text.length).toBeLessThanOrEqual(1000);
    const lines = Array.from(kept.join("").matchAll(/line \d+/g), ([text]) => text);
    expect(lines.length).toBeGreaterThan(40);
    expect(lines).toEqual(all.slice(-lines.length));
  });

  test("one file only", () => {
    using log = openLog({ maxFiles: 1 });
    for (let at = 0; at < 100; at++) log.add([line(`line ${at}`)]);
    expect(files()).toEqual(["web.log"]);
    expect(textOf("web.log")).toEndWith("line 99\n");
  });

  test("a record that is longer than a file may be has one for itself", () => {
    using log = openLog();
    log.add([line("a"), line("x".repeat(3000)), line("b")]);
    expect(files()).toEqual(["web.log", "web.log.1", "web.log.2"]);
    expect(textOf("web.log.1")).toContain("xxx");
  });

  test("what cannot be written is counted, and told as soon as it can be", () => {
    rmSync(join(pod, "logs"), { recursive: true });
    using log = openLog();
    log.add([line("a"), line("b")]);
    log.add([line("c")]);
    mkdirSync(join(pod, "logs"));
    log.add([line("d")]);
    expect(textOf("web.log")).toBe(
      `${TIME} stderr F rkt: 3 lines were lost: the log could not be written\n${TIME} stdout F d\n`,
    );
  });

  test("without a file nothing is written", () => {
    using log = openLog({ driver: "none" });
    log.add([line("a")]);
    expect(files()).toEqual([]);
  });
});

describe("logSettings()", () => {
  const annotation = (name: string, value: string) => ({
    name: `coreos.com/rkt/stage1/log-${name}`,
    value,
  });

  test("what is not said is 10 MiB, five files, and what the machine has", () => {
    expect(logSettings([])).toEqual({ driver: "auto", maxBytes: 10_485_760, maxFiles: 5 });
  });

  test("reads annotations", () => {
    const said = [annotation("driver", "none"), annotation("max-size", "2048")];
    expect(logSettings([...said, annotation("max-files", "2")])).toEqual({
      driver: "none",
      maxBytes: 2048,
      maxFiles: 2,
    });
  });

  test.each([
    ["driver", "syslog", "no driver of ours"],
    ["max-size", "10Mi", "not decimal"],
    ["max-files", "0", "not even the current one"],
  ])("refuses %s %j: %s", (name, value) => {
    expect(() => logSettings([annotation(name, value)])).toThrow(`"${value}"`);
  });
});
