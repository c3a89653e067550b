import { describe, expect, test } from "bun:test";
import { compile } from "./compile.ts";
import { Meter, rootScope } from "./evaluate.ts";
import { DYN } from "./types.ts";
import { CelError, fromJson, toJson } from "./values.ts";

const SELF = {
  s: "abc",
  n: 5,
  list: [1, 2, 3],
  names: ["a", "b"],
  map: { x: 1, y: 2 },
  items: [
    { name: "a", value: 1 },
    { name: "b", value: 2 },
  ],
};

function evaluate(text: string, limit: number = 1_000_000): unknown {
  const compilation = compile(text, new Map([["self", DYN]]));
  if (!compilation.ok) return compilation.error;
  try {
    const scope = rootScope({ self: () => fromJson(SELF) }, new Meter(limit));
    return toJson(compilation.compiled.run(scope));
  } catch (error) {
    if (error instanceof CelError) return `error: ${error.message}`;
    throw error;
  }
}

describe("the language", () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ["1 + 2 * 3 == 7 && !false", true],
    ["7 / 2", 3],
    ["-7 % 3", -1],
    ["1.5 + 2.0", 3.5],
    ["'a' + \"b\" + '''c'''", "abc"],
    [String.raw`'\u0041\x42\n'`, "AB\n"],
    [String.raw`r'\d'`, String.raw`\d`],
    ["self.n > 3 ? 'big' : 'small'", "big"],
    ["has(self.s) && !has(self.t)", true],
    ["'x' in self.map && !('z' in self.map)", true],
    ["3 in self.list", true],
    ["self.list[1]", 2],
    ["self.map['y']", 2],
    ["[1, 2] + [3] == self.list", true],
    ["{'a': 1}.a", 1],
    ["type(1) == int && type('') == string", true],
    ["9223372036854775807 + 1", "error: integer overflow"],
    ["1 / 0", "error: division by zero"],
    ["self.nope", "error: no such key: nope"],
    ["self.nope == 1 || true", true],
    ["false && self.nope == 1", false],
    ["self.list[7]", "error: index out of bounds: 7"],
  ];
  for (const [text, value] of rows) test(text, () => expect(evaluate(text)).toEqual(value));
});

describe("macros", () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ["self.list.all(x, x > 0)", true],
    ["self.list.exists(x, x == 2)", true],
    ["self.list.exists_one(x, x > 1)", false],
    ["self.list.map(x, x * 2)", [2, 4, 6]],
    ["self.list.map(x, x > 1, x * 2)", [4, 6]],
    ["self.list.filter(x, x != 2)", [1, 3]],
    ["self.map.all(k, self.map[k] > 0)", true],
    ["self.items.all(i, self.items.exists_one(j, j.name == i.name))", true],
    ["self.list.transformList(i, x, i + x)", [1, 3, 5]],
    ["self.map.transformMap(k, v, v + 1)", { x: 2, y: 3 }],
    ["self.list.all(i, x, i < x)", true],
    ["cel.bind(x, self.n * 2, x + x)", 20],
    ["self.?nope.orValue('d')", "d"],
    ["self.?s.hasValue()", true],
    ["self.list[?9].orValue(0)", 0],
    ["self.?s.optMap(x, x + '!').value()", "abc!"],
    ["[?self.?nope, ?self.?s]", ["abc"]],
  ];
  for (const [text, value] of rows) test(text, () => expect(evaluate(text)).toEqual(value));
});

describe("libraries", () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ["size('héllo') == 5 && self.list.size() == 3", true],
    ["self.s.matches('^[a-c]+$')", true],
    ["'a,b,c'.split(',').join('-')", "a-b-c"],
    ["'Hello'.lowerAscii().replace('l', 'L', 1)", "heLlo"],
    ["'abc'.substring(1).charAt(0)", "b"],
    ["'%s is %d, %.1f'.format(['x', 3, 2.25])", "x is 3, 2.3"],
    ["[3, 1, 2].sort()", [1, 2, 3]],
    ["[1, 2, 2].distinct().sum()", 3],
    ["self.list.isSorted() && self.list.max() == 3", true],
    ["sets.contains(self.list, [1, 2]) && !sets.intersects([4], self.list)", true],
    ["math.greatest(1, 7, 3) + math.least([4, 2])", 9],
    ["quantity('1Gi').isGreaterThan(quantity('1G'))", true],
    ["quantity('500m').add(quantity('1')).compareTo(quantity('1500m'))", 0],
    ["ip('10.0.0.1').family() == 4 && cidr('10.0.0.0/8').containsIP('10.1.2.3')", true],
    ["isIP('1.2.3') || isCIDR('10.0.0.0/40')", false],
    ["ip('2001:db8:0:0:0:0:0:1')", "2001:db8::1"],
    ["url('https://a.example:8080/x?y=1').getPort()", "8080"],
    ["!format.dns1123Label().validate('Bad_').hasValue()", false],
    ["semver('1.2.3').isLessThan(semver('1.10.0'))", true],
    ["duration('1h') > duration('59m') && timestamp('2024-02-29T00:00:00Z').getMonth() == 1", true],
    ["string(duration('90s')) == '90s' && int('42') == 42", true],
    ["jsonpatch.escapeKey('a/b~c')", "a~1b~0c"],
  ];
  for (const [text, value] of rows) test(text, () => expect(evaluate(text)).toEqual(value));
});

describe("what makes no sense is said with its place", () => {
  test("a text that ends too early", () => {
    expect(evaluate("self ==")).toStartWith(
      "compilation failed: ERROR: <input>:1:8: Syntax error: mismatched input '<EOF>' expecting",
    );
  });
  test("a name that nobody declared, on its line", () => {
    expect(evaluate("true &&\n nope")).toBe(
      "compilation failed: ERROR: <input>:2:2: undeclared reference to 'nope' (in container '')\n" +
        " |  nope\n | .^",
    );
  });
  test("values of types that do not go together", () => {
    expect(evaluate("1 + 'a'")).toContain(
      "found no matching overload for '_+_' applied to '(int, string)'",
    );
  });
  test("deep nesting is refused before the stack ends", () => {
    expect(evaluate(`${"(".repeat(5000)}1${")".repeat(5000)}`)).toContain("recursion limit");
  });
});

test("an expression that runs too long is stopped", () => {
  const list = `[${Array.from({ length: 60 }, (_, at) => at).join(",")}]`;
  const text = `${list}.all(a, ${list}.all(b, ${list}.all(c, a + b + c >= 0)))`;
  expect(evaluate(text, 10_000)).toBe("error: operation cancelled: actual cost limit exceeded");
  expect(evaluate(text, 100_000_000)).toBe(true);
});

test("patterns take no more than linear time", () => {
  expect(evaluate(`'${"a".repeat(5000)}!'.matches('^(a+)+$')`)).toBe(false);
});
