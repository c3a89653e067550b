import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import process from "node:process";
import { run } from "../testdata/bench.ts";

const lacks =
  process.getuid?.() !== 0 ? "root" : Bun.which("unshare") === null ? "unshare" : undefined;

interface Answer {
  readonly answers: readonly unknown[];
  readonly asked: readonly string[];
}

function discover(...args: readonly string[]): Answer {
  const program = join(import.meta.dirname, "../testdata/discover-main.ts");
  return JSON.parse(run("unshare", ["--net", process.execPath, program, ...args])) as Answer;
}

describe.skipIf(lacks !== undefined)(`discovery${lacks ? ` (no ${lacks})` : ""}`, () => {
  test("the name's own page first, then its ancestors; the first whole template counts", () => {
    const { answers, asked } = discover("http", "127.0.0.1/team/app");
    expect(answers).toEqual([
      {
        archive: "https://x.test/127.0.0.1/team/app-1.0.aci",
        signature: "https://x.test/127.0.0.1/team/app-1.0.aci.asc",
      },
      ["https://x.test/keys.asc"],
    ]);
    expect(asked.slice(0, 2)).toEqual(["/team/app?ac-discovery=1", "/team?ac-discovery=1"]);
  });

  test("a name that no page knows", () => {
    const { answers, asked } = discover("http", "127.0.0.1/nobody");
    expect(String(answers[0])).toStartWith('find "127.0.0.1/nobody": discovery failed');
    expect(asked.slice(0, 2)).toEqual(["/nobody?ac-discovery=1", "/?ac-discovery=1"]);
  });

  test("plain http is not even tried unless it is allowed", () => {
    const { answers, asked } = discover("https", "127.0.0.1/team/app");
    expect(String(answers[0])).toContain("connection refused");
    expect(asked).toEqual([]);
  });
});
