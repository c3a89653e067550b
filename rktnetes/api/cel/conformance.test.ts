/**
 * The language and its libraries, area by area: facts that every implementation agrees on. Each
 * text is an expression that holds; those of `FAILURES` end with an error that says something.
 */
import { describe, expect, test } from "bun:test";
import { compile } from "./compile.ts";
import { Meter, rootScope } from "./evaluate.ts";
import { BYTES, type CelType, DOUBLE, DYN, INT, listOf, mapOf, STRING } from "./types.ts";
import { CelError, CelMap, type CelValue } from "./values.ts";

const MAP = new CelMap();
MAP.set("a", 1n);
MAP.set("b", 2n);

const VARIABLES: Readonly<Record<string, readonly [CelType, CelValue]>> = {
  any: [DYN, 5n],
  big: [INT, 9223372036854775807n],
  half: [DOUBLE, 0.5],
  text: [STRING, "grüße"],
  raw: [BYTES, Buffer.from([1, 2, 255])],
  ints: [listOf(INT), [1n, 2n, 3n]],
  counts: [mapOf(STRING, INT), MAP],
};

const TYPES = new Map(Object.entries(VARIABLES).map(([name, [type]]) => [name, type] as const));

function evaluate(text: string): CelValue {
  const compilation = compile(text, TYPES);
  if (!compilation.ok) return compilation.error;
  const values = Object.entries(VARIABLES).map(([name, [, value]]) => [name, () => value] as const);
  try {
    return compilation.compiled.run(rootScope(Object.fromEntries(values), new Meter(1e6)));
  } catch (error) {
    if (error instanceof CelError) return `error: ${error.message}`;
    throw error;
  }
}

const FACTS: Readonly<Record<string, readonly string[]>> = {
  integers: [
    "-7 / 2 == -3",
    "-7 % 2 == -1",
    "0x1F == 31",
    "-0x10 == -16",
    "big - 1 + 1 == big",
    "-9223372036854775808 < 0",
    "18446744073709551615u / 2u == 9223372036854775807u",
    "7u % 4u == 3u",
    "2 * 3 + 4 * 5 == 26",
    "1 < 1.5",
    "2u > 1",
    "dyn(1) == 1u",
    "dyn(1) == 1.0",
    "dyn(9223372036854775807) >= 9223372036854775808.0",
  ],
  doubles: [
    "half * 4.0 == 2.0",
    "1.0 / 0.0 == double('Infinity')",
    "-1.0 / 0.0 == double('-Infinity')",
    "double('NaN') != double('NaN')",
    "!(double('NaN') < 1.0)",
    "1e3 == 1000.0",
    ".5 == half",
    "-0.0 == 0.0",
    "5.0 - 2.5 == 2.5",
  ],
  strings: [
    "size(text) == 5",
    "text.size() == 5",
    "'a' < 'b' && 'Z' < 'a' && '' < 'a'",
    "'ab' + 'c' == 'abc'",
    "text.contains('üß')",
    "text.startsWith('gr') && text.endsWith('e')",
    "'a.b'.matches('^a[.]b$')",
    "'xay'.matches('a')",
    "text.charAt(2) == 'ü'",
    "text.charAt(5) == ''",
    "'hello mellow'.indexOf('ello') == 1",
    "'hello mellow'.indexOf('ello', 2) == 7",
    "'hello mellow'.lastIndexOf('ello', 6) == 1",
    "'hello'.indexOf('') == 0",
    "'TacoCat'.lowerAscii() == 'tacocat'",
    "'TacoCÆt'.upperAscii() == 'TACOCÆT'",
    "'hello hello'.replace('he', 'we', 1) == 'wello hello'",
    "'ab'.replace('', '-') == '-a-b-'",
    "'a,b,c'.split(',') == ['a', 'b', 'c']",
    "'a,b,c'.split(',', 2) == ['a', 'b,c']",
    "'a,b'.split(',', 0) == []",
    "'tacocat'.substring(4) == 'cat'",
    "'tacocat'.substring(0, 4) == 'taco'",
    "['a', 'b'].join('-') == 'a-b'",
    "[].join() == ''",
    "' \\t a b \\n'.trim() == 'a b'",
    "'gums'.reverse() == 'smug'",
    "strings.quote('a\\n\\u0007\"') == '\"a\\\\n\\\\a\\\\\"\"'",
    "'\\x41\\u0042\\U00000043\\104' == 'ABCD'",
    "r'\\n' == '\\\\n'",
  ],
  bytes: [
    "size(raw) == 3",
    "b'abc' == bytes('abc')",
    "b'\\x01\\x02\\xff' == raw",
    "b'a' < b'b'",
    "b'a' + b'b' == b'ab'",
    "string(b'gr\\xc3\\xbc') == 'grü'",
    "size(bytes('ü')) == 2",
  ],
  conversions: [
    "int('-12') == -12",
    "int(3.9) == 3 && int(-3.9) == -3",
    "int(7u) == 7",
    "uint(7) == 7u && uint('7') == 7u",
    "double('1.5') == 1.5 && double(2) == 2.0",
    "string(1) == '1' && string(2u) == '2' && string(1.5) == '1.5' && string(true) == 'true'",
    "bool('true') && !bool('F' + 'alse')",
    "int(timestamp('1970-01-01T00:01:00Z')) == 60",
    "string(duration('1m30.5s')) == '90.5s'",
    "string(timestamp('2020-02-03T04:05:06.5Z')) == '2020-02-03T04:05:06.5Z'",
    "type(1) == int && type(1u) == uint && type('') == string && type(b'') == bytes",
    "type([]) == list && type({}) == map && type(null) == null_type && type(int) == type",
    "type(timestamp(0)) == google.protobuf.Timestamp",
  ],
  times: [
    "timestamp('2009-02-13T23:31:30Z').getFullYear() == 2009",
    "timestamp('2009-02-13T23:31:30Z').getMonth() == 1",
    "timestamp('2009-02-13T23:31:30Z').getDate() == 13",
    "timestamp('2009-02-13T23:31:30Z').getDayOfMonth() == 12",
    "timestamp('2009-02-13T23:31:30Z').getDayOfYear() == 43",
    "timestamp('2009-02-13T23:31:30Z').getDayOfWeek() == 5",
    "timestamp('2009-02-13T23:31:30Z').getHours('+01:00') == 0",
    "timestamp('2009-02-13T23:31:30Z').getDate('Australia/Sydney') == 14",
    "timestamp('2009-02-13T23:31:30.123Z').getMilliseconds() == 123",
    "timestamp('2020-01-01T00:00:00Z') - timestamp('2019-12-31T23:00:00Z') == duration('1h')",
    "timestamp('2020-01-01T00:00:00Z') + duration('24h') == timestamp('2020-01-02T00:00:00Z')",
    "duration('1h') - duration('90m') == duration('-30m')",
    "duration('90m').getHours() == 1 && duration('90m').getMinutes() == 90",
    "duration('1.5s').getMilliseconds() == 500",
    "timestamp('2020-01-01T00:00:00Z') < timestamp('2020-01-01T00:00:01+00:00')",
  ],
  lists: [
    "ints[0] == 1 && ints[2] == 3",
    "ints + [4] == [1, 2, 3, 4]",
    "2 in ints && !(5 in ints)",
    "[1, 2] == [1, 2] && [1, 2] != [2, 1]",
    "ints.isSorted() && !['b', 'a'].isSorted()",
    "ints.sum() == 6 && ints.min() == 1 && ints.max() == 3",
    "[1, 2, 1].indexOf(1) == 0 && [1, 2, 1].lastIndexOf(1) == 2",
    "[1, 2, 2, 3, 1].distinct() == [1, 2, 3]",
    "[[1], [2, [3]]].flatten() == [1, 2, [3]]",
    "[1, 2, 3, 4].slice(1, 3) == [2, 3]",
    "[3, 1, 2].sort() == [1, 2, 3]",
    "[3, 1, 2].reverse() == [2, 1, 3]",
    "['bb', 'a'].sortBy(x, x.size()) == ['a', 'bb']",
    "lists.range(3) == [0, 1, 2]",
  ],
  maps: [
    "counts.a == 1 && counts['b'] == 2",
    "'a' in counts && !('z' in counts)",
    "size(counts) == 2",
    "{'a': 1, 'b': 2} == {'b': 2, 'a': 1}",
    "{1: 'x'}[1] == 'x' && {true: 1}[true] == 1",
    "has(counts.a) && !has(counts.z)",
    "{'a': {'b': [1]}}.a.b[0] == 1",
  ],
  logic: [
    "true || 1 / 0 == 1",
    "1 / 0 == 1 || true",
    "!(false && 1 / 0 == 1)",
    "!(1 / 0 == 1 && false)",
    "true ? true : 1 / 0 == 1",
    "!false && !(!true)",
  ],
  macros: [
    "ints.all(x, x > 0) && !ints.all(x, x > 1)",
    "ints.exists(x, x == 2) && !ints.exists(x, x == 7)",
    "ints.exists_one(x, x > 2) && !ints.exists_one(x, x > 1)",
    "ints.map(x, x * 2) == [2, 4, 6]",
    "ints.map(x, x > 1, x * 2) == [4, 6]",
    "ints.filter(x, x % 2 == 1) == [1, 3]",
    "counts.all(k, counts[k] > 0)",
    "counts.exists(k, v, k == 'b' && v == 2)",
    "ints.all(i, v, v == i + 1)",
    "ints.transformList(i, v, i * v) == [0, 2, 6]",
    "counts.transformMap(k, v, v + 1) == {'a': 2, 'b': 3}",
    "[1, 2].transformMapEntry(i, v, {string(v): i}) == {'1': 0, '2': 1}",
    "[[1, 2], [3]].all(l, l.all(x, x > 0))",
    "[1, 0].exists(x, 1 / x == 1)",
    "cel.bind(x, 3, x * x == 9)",
  ],
  optionals: [
    "optional.of(1).hasValue() && !optional.none().hasValue()",
    "optional.of(1).value() == 1",
    "optional.none().orValue(4) == 4",
    "optional.none().or(optional.of(2)).value() == 2",
    "counts.?a.orValue(9) == 1 && counts.?z.orValue(9) == 9",
    "counts[?'b'] == optional.of(2)",
    "ints[?7].orValue(0) == 0",
    "counts.?a.optMap(x, x + 1).value() == 2",
    "counts.?z.optFlatMap(x, optional.of(x)) == optional.none()",
    "[?counts.?a, ?counts.?z] == [1]",
    "{?'k': counts.?z} == {}",
    "optional.ofNonZeroValue('') == optional.none()",
  ],
  sets: [
    "sets.contains([1, 2, 3], [3, 1]) && sets.contains([1], [])",
    "sets.equivalent([1, 2, 2], [2, 1]) && !sets.equivalent([1], [2])",
    "sets.intersects([1, 2], [2, 3]) && !sets.intersects([1], [])",
  ],
  mathematics: [
    "math.greatest(1, 3, 2) == 3 && math.least([1, -2]) == -2",
    "math.ceil(1.2) == 2.0 && math.floor(-1.2) == -2.0",
    "math.round(-1.5) == -2.0 && math.trunc(-1.7) == -1.0",
    "math.abs(-3) == 3 && math.sign(-3.5) == -1.0",
    "math.isNaN(double('NaN')) && math.isInf(1.0 / 0.0) && math.isFinite(1.0)",
    "math.bitAnd(6, 3) == 2 && math.bitOr(6, 3) == 7 && math.bitXor(6, 3) == 5",
    "math.bitShiftLeft(1, 4) == 16 && math.bitShiftRight(-1, 60) == 15",
    "math.bitNot(0) == -1 && math.sqrt(81) == 9.0",
  ],
  format: [
    "'%s is %d'.format(['x', 3]) == 'x is 3'",
    "'%.2f'.format([1.005]) == '1.00' && '%.0f'.format([2.5]) == '2'",
    "'%x %X %o %b'.format([255, 255, 8, 5]) == 'ff FF 10 101'",
    "'%s'.format([['a', 1, true]]) == '[a, 1, true]'",
    "'%s'.format([{'k': 1}]) == '{k: 1}'",
    "'%%'.format([]) == '%'",
    "'%e'.format([1234.5]) == '1.234500e+03'",
  ],
  patterns: [
    "'abc 123'.find('[0-9]+') == '123' && 'abc'.find('[0-9]') == ''",
    "'1 2 3'.findAll('[0-9]') == ['1', '2', '3']",
    "'1 2 3'.findAll('[0-9]', 2) == ['1', '2']",
  ],
  urls: [
    "isURL('https://a.b/c') && !isURL('no url')",
    "url('https://user@a.b:80/x y?k=v&k=w').getHostname() == 'a.b'",
    "url('https://a.b:80/').getPort() == '80' && url('https://a.b/').getPort() == ''",
    "url('https://[::1]:80/').getHost() == '[::1]:80'",
    "url('https://a.b/x%20y').getEscapedPath() == '/x%20y'",
    "url('https://a.b/?k=v&k=w').getQuery() == {'k': ['v', 'w']}",
  ],
  quantities: [
    "isQuantity('1.5Gi') && !isQuantity('1.5Gx')",
    "quantity('1k').isLessThan(quantity('1Ki'))",
    "quantity('200M').compareTo(quantity('0.2G')) == 0",
    "quantity('50k').add(20) == quantity('50020')",
    "quantity('50k').sub(quantity('20k')).asInteger() == 30000",
    "quantity('1.5').asApproximateFloat() == 1.5 && !quantity('1.5').isInteger()",
    "quantity('-1').sign() == -1",
  ],
  addresses: [
    "isIP('192.168.0.1') && isIP('::1') && !isIP('192.168.0.256') && !isIP('::ffff:1.2.3.4')",
    "ip('::1').isLoopback() && ip('127.0.0.1').isLoopback()",
    "ip('0.0.0.0').isUnspecified() && ip('fe80::1').isLinkLocalUnicast()",
    "ip('2001:db8::1').isGlobalUnicast() && ip('2001:db8::1').family() == 6",
    "ip.isCanonical('2001:db8::1') && !ip.isCanonical('2001:DB8::1')",
    "cidr('192.168.0.0/24').containsIP('192.168.0.9')",
    "!cidr('192.168.0.0/24').containsIP(ip('192.168.1.9'))",
    "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')",
    "cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8')",
    "cidr('10.0.0.0/8').prefixLength() == 8 && string(cidr('10.0.0.0/8').ip()) == '10.0.0.0'",
    "type(ip('1.2.3.4')) == net.IP",
  ],
  versions: [
    "isSemver('1.2.3') && !isSemver('v1.2.3') && isSemver('v1.2', true)",
    "semver('1.2.3').major() == 1 && semver('1.2.3').minor() == 2 && semver('1.2.3').patch() == 3",
    "semver('1.2.3-rc.1').isLessThan(semver('1.2.3'))",
    "semver('1.10.0').compareTo(semver('1.9.0')) == 1",
  ],
  names: [
    "!format.dns1123Label().validate('my-label').hasValue()",
    "format.dns1123Label().validate('My_Label').hasValue()",
    "format.named('dns1123Subdomain').hasValue() && !format.named('none').hasValue()",
    "!format.uuid().validate('123e4567-e89b-12d3-a456-426614174000').hasValue()",
    "format.date().validate('2021-13-01').hasValue()",
  ],
};

describe("what holds", () => {
  for (const [area, texts] of Object.entries(FACTS)) {
    for (const text of texts) test(`${area}: ${text}`, () => expect(evaluate(text)).toBe(true));
  }
});

const FAILURES: readonly (readonly [string, string])[] = [
  ["big + 1", "error: integer overflow"],
  ["-9223372036854775808 - 1", "error: integer overflow"],
  ["0u - 1u", "error: unsigned integer overflow"],
  ["1 / 0", "error: division by zero"],
  ["1 % 0", "error: modulus by zero"],
  ["int('x')", "error: strconv.ParseInt"],
  ["int(1e99)", "error: integer overflow"],
  ["ints[3]", "error: index out of bounds: 3"],
  ["counts.z", "error: no such key: z"],
  ["counts['z']", "error: no such key: z"],
  ["{'a': 1, 'a': 2}", "error: Failed with repeated key"],
  ["optional.none().value()", "error: optional.none() dereference"],
  ["timestamp('9999-12-31T23:59:59Z') + duration('1s')", "error: timestamp overflow"],
  ["timestamp(253402300800)", "error: timestamp overflow"],
  ["duration('no')", "error: time: invalid duration"],
  ["ip('x')", "error: IP Address"],
  ["quantity('x')", "error: quantities must match the regular expression"],
  ["math.abs(-9223372036854775808)", "error: integer overflow"],
  ["'%d'.format(['x'])", "error: error during formatting: decimal clause can only be used on"],
  ["'abc'.substring(3, 1)", "error: invalid substring range"],
  ["nope", "undeclared reference to 'nope'"],
  ["'a' + 1", "found no matching overload for '_+_' applied to '(string, int)'"],
  ["1.nope()", "undeclared reference to 'nope'"],
  ["ints.all(1, true)", "argument must be a simple name"],
  ["[1, 2", "Syntax error"],
];

describe("what fails says why", () => {
  for (const [text, words] of FAILURES) {
    test(text, () => expect(evaluate(text)).toEqual(expect.stringContaining(words)));
  }
});
