import { describe, expect, test } from "bun:test";
import fc from "fast-check";

import type { Json } from "../schema/schema.ts";
import { formatYaml, parseYaml } from "./yaml.ts";

describe("plain scalars are what Go takes them for", () => {
  const rows: readonly (readonly [text: string, value: Json])[] = [
    ["yes", true],
    ["y", true],
    ["Off", false],
    ["~", null],
    ["", null],
    ["0644", 420],
    ["0o17", 15],
    ["0x1f", 31],
    ["1_000", 1000],
    ["-5", -5],
    ["08", 8],
    ["1e3", 1000],
    [".5", 0.5],
    ["1:30", "1:30"],
    ["2024-01-01", "2024-01-01"],
    ["9223372036854775807", 9223372036854775807n],
    ["99999999999999999999", 100000000000000000000],
    ["'1'", "1"],
    ["!!str 5", "5"],
    ["|\n  no\n", "no\n"],
  ];
  test.each(rows)("%j", async (text, value) => {
    expect((await parseYaml(`a: ${text}`)).tree).toEqual({ a: value });
  });
});

test("a point alone is written plainly, numbers in texts are quoted", async () => {
  expect(await formatYaml({ ".": {}, a: "1.", b: ".5" })).toBe('.: {}\na: "1."\nb: ".5"\n');
});

describe("documents", () => {
  test("only the first is read", async () => {
    expect((await parseYaml("---\na: 1\n---\nb: {")).tree).toEqual({ a: 1 });
    expect((await parseYaml("")).tree).toBeNull();
  });

  test("keys that stand twice are told with their lines; the last one counts", async () => {
    const { tree, duplicates } = await parseYaml("a: 1\nb:\n  c: 1\n  c: 2\n");
    expect(tree).toEqual({ a: 1, b: { c: 2 } });
    expect(duplicates).toEqual(['line 4: key "c" already set in map']);
  });

  test("merge keys give what is not there", async () => {
    const { tree, duplicates } = await parseYaml("p: &p {a: 1, b: 2}\nq:\n  <<: *p\n  b: 3\n");
    expect(tree).toEqual({ p: { a: 1, b: 2 }, q: { a: 1, b: 3 } });
    expect(duplicates).toEqual([]);
  });

  test("an anchor stands for what it named last", async () => {
    const { tree } = await parseYaml("a: &x [&y 1, *y]\nb: *x\nc: &y 2\nd: [*y, *x]\n");
    expect(tree).toEqual({ a: [1, 1], b: [1, 1], c: 2, d: [2, [1, 1]] });
  });

  test("an anchor that nobody set, or that contains itself, is refused", () => {
    expect(parseYaml("a: *x\nb: &x 1\n")).rejects.toThrow("unknown anchor 'x' referenced");
    expect(parseYaml("a: &x [*x]\n")).rejects.toThrow("anchor 'x' value contains itself");
  });

  test("keys become strings", async () => {
    expect((await parseYaml("1: a\nno: b\n")).tree).toEqual({ "1": "a", false: "b" });
  });

  const wrong: readonly (readonly [text: string, words: string])[] = [
    ["{{{", "yaml: line 1: did not find expected node content"],
    ["a:\n\t- b", "yaml: line 2: found character that cannot start any token"],
    ["a: b: c", "yaml: line 1: mapping values are not allowed in this context"],
    ["a: *b", "yaml: unknown anchor 'b' referenced"],
    ["&a [*a]", "yaml:"],
    [bomb(), "yaml: document contains excessive aliasing"],
  ];
  test.each(wrong)("wrong document %#", async (text, words) => {
    const read = parseYaml(text);
    expect(read).rejects.toThrow(`error converting YAML to JSON: ${words}`);
    await read.catch(() => undefined);
  });
});

/** Nine levels of ten aliases each. */
function bomb(): string {
  const lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"];
  for (let level = 1; level < 9; level++) {
    const aliases = Array.from({ length: 10 }, () => `*a${level - 1}`).join(",");
    lines.push(`a${level}: &a${level} [${aliases}]`);
  }
  return lines.join("\n");
}

test("JSON reads the same, whether it is taken for YAML or not", async () => {
  const rows = [
    '{"b":1,"a":{"__proto__":[null,true,"yes",-3,1.5e3]}}',
    '{"a":1,"a":2}',
    '{"a":1}}',
  ];
  for (const text of rows) {
    const read = async (whole: string): Promise<unknown> =>
      await parseYaml(whole).catch((error: Error) => error.message);
    const [quick, slow] = [await read(text), await read(`--- # no JSON\n${text}`)];
    const lines = JSON.stringify(slow).replaceAll("line 2", "line 1");
    expect(JSON.stringify(quick)).toBe(lines);
  }
});

test("a text of too many pieces is refused before it costs time", () => {
  expect(parseYaml("- \n".repeat(500_000))).rejects.toThrow("Request entity too large");
});

test("what is written as YAML is read the same", async () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom("yes", "n", "0644", "1e3", "", "~", "<<", "a\nb\n"),
  );
  const tree = fc.dictionary(
    fc.constantFrom("a", "b", "on", "1"),
    fc.oneof(text, fc.boolean(), fc.integer()),
  );
  await fc.assert(
    fc.asyncProperty(tree, async (object) => {
      const back = await parseYaml(await formatYaml(object));
      expect(back.tree).toEqual(JSON.parse(JSON.stringify(object)) as Json);
    }),
  );
});
