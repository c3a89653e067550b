import { expect, test } from "bun:test";
import { reflow } from "./reflow.ts";

const words = (count: number): string => Array.from({ length: count }, () => "word").join(" ");

test("a long docstring of one line becomes a block", () => {
  const code = `  /** ${words(22)}. */\n  f();\n`;
  const lines = reflow("a.ts", code).split("\n");
  expect(lines[0]).toBe("  /**");
  expect(lines[1]).toBe(`   * ${words(19)}`);
  expect(lines[2]).toBe(`   * ${words(2)} word.`);
  expect(lines.slice(3)).toEqual(["   */", "  f();", ""]);
});

test("only the paragraph with the long line is set anew", () => {
  const code = `/**\n * short\n * lines\n *\n * ${words(22)}\n * end\n * @see x\n */\n`;
  const lines = reflow("a.ts", code).split("\n");
  expect(lines.slice(0, 4)).toEqual(["/**", " * short", " * lines", " *"]);
  expect(lines.slice(4, 6)).toEqual([` * ${words(19)}`, ` * ${words(3)} end`]);
  expect(lines.slice(6)).toEqual([" * @see x", " */", ""]);
});

test("line comments flow together, a list item hangs", () => {
  const code = `// - ${words(22)}\n// - two\nf();\n`;
  expect(reflow("a.ts", code).split("\n")).toEqual([
    `// - ${words(19)}`,
    `//   ${words(3)}`,
    "// - two",
    "f();",
    "",
  ]);
});

test("code, strings and comments behind code stay", () => {
  const code = `f("// ${words(30)}"); // ${words(30)}\n/**\n *   picture ${words(30)}\n */\n`;
  expect(reflow("a.ts", code)).toBe(code);
});

test("a directive for a tool stays on its line", () => {
  const code = `// oxlint-disable-next-line x -- ${words(30)}\nf();\n`;
  expect(reflow("a.ts", code)).toBe(code);
});

test("what fits is not touched", () => {
  const code = `/** one\n * two */\n// three\n`;
  expect(reflow("a.ts", code)).toBe(code);
});

test("setting twice changes nothing more", () => {
  const once = reflow("a.ts", `/** ${words(60)} */\nconst a = 1;\n// ${words(40)}\n`);
  expect(reflow("a.ts", once)).toBe(once);
});
