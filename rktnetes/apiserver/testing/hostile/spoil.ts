/**
 * Spoils a body: as a tree (other types, huge numbers, names of prototypes, depth) and as text
 * (double members, broken UTF-8, cuts). In: a valid object and a source of numbers. Out: bytes that
 * the server has to take or to refuse. Pure.
 */
import { stringifyJson } from "@rktnetes/api/codec/json";
import { copyJson, isObject, setOwn } from "@rktnetes/api/patch/values";
import type { Json, JsonObject } from "@rktnetes/api/schema";
import type { Random } from "./random.ts";

/** Stands in a tree for text that no tree can hold. */
const RAW = "\u0001raw:";

const raw = (text: string): string => `${RAW}${text}`;

const NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "length"];
const KEYS = [...NAMES, "", ".", "..", "a/b/c", "a.b/c", "é", "x".repeat(300), "\u0000", "name"];

const DEEP = 12_000;

const ODD: readonly Json[] = [
  ...[null, true, false, 0, -1, 1, 2 ** 31, -(2 ** 31) - 1, 2 ** 32, 0.5, 1e21, 2 ** 53, 1e-9],
  raw("9223372036854775807"),
  raw("9223372036854775808"),
  raw("-9223372036854775809"),
  raw("1e400"),
  raw("-0"),
  raw("-0.0"),
  raw("1E+2"),
  raw(`1${"0".repeat(400)}`),
  raw("0.1e-400"),
  raw(`${"[".repeat(DEEP)}${"]".repeat(DEEP)}`),
  raw(`${'{"a":'.repeat(300)}1${"}".repeat(300)}`),
  raw('"\\ud800"'),
  raw('"\\udc00\\ud800"'),
  raw('"\\u0000"'),
  raw('{"a":1,"a":2}'),
  raw('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
  ...["", " ", "0", "-1", "1e", "1e99999", "1Ki", "-1Gi", "99999999999999999999Ei", "1m", "nan"],
  ...["0x10", "1.2.3.4", "::1", "fe80::1%eth0", "10.0.0.0/33", "::/129", "300.1.1.1", "a.b.c"],
  ...[
    "A",
    "_",
    "a".repeat(64),
    "a".repeat(254),
    "é",
    "\u2028",
    "😀",
    "a\nb",
    "%",
    "*",
    "../..",
    "/",
  ],
  ...["$(A)", "{{.}}", "[a-z", "(a+)+$", "(?=a)", "(x{1000}){1000}", "\\", "^.*$"],
  ...["2026-02-30T00:00:00Z", "9999999-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1h1", "1e9h"],
  ...["* * * * *", "@every 1ns", "61 * * * *", "TZ=UTC * * * * *", "*/0 * * * *"],
  ...["[1,2].map(x, x / 0)", "'a'.matches('(a*)*b')", "self", "object", "9223372036854775807 + 1"],
  ...["a in b", "!a", "a==b", "a=b,", "kubernetes.io/x", "Always", "None", "TCP", "In", "Exists"],
  ...NAMES,
  [],
  {},
  [null],
  [[]],
  [{}],
  [{}, {}],
  ["a", "a"],
  { a: "b" },
  { name: "a" },
];

/** A place in a tree: an object's member or a list's item. */
interface Place {
  readonly holder: Json[] | JsonObject;
  readonly key: string | number;
}

function places(tree: Json, into: Place[] = []): Place[] {
  if (Array.isArray(tree)) {
    for (const [key, item] of tree.entries()) {
      into.push({ holder: tree, key });
      places(item, into);
    }
  } else if (isObject(tree)) {
    for (const key of Object.keys(tree)) {
      into.push({ holder: tree, key });
      places(tree[key] ?? null, into);
    }
  }
  return into;
}

function read({ holder, key }: Place): Json {
  return (Array.isArray(holder) ? holder[Number(key)] : holder[key]) ?? null;
}

function write({ holder, key }: Place, value: Json): void {
  if (Array.isArray(holder)) holder[Number(key)] = value;
  else setOwn(holder, String(key), value);
}

/** Another value of the same type, or of any. */
function other(value: Json, random: Random): Json {
  if (random.once(3)) return random.pick(ODD);
  const same = ODD.filter((odd) => typeof odd === typeof value);
  return same.length === 0 ? random.pick(ODD) : random.pick(same);
}

/** A copy of an object with some places changed. */
export function spoilTree(object: JsonObject, random: Random): Json {
  const tree: Json = copyJson(object);
  for (let left = 1 + random.below(random.once(4) ? 12 : 3); left > 0; left--) {
    const all = places(tree);
    if (all.length > 0) spoilPlace(random.pick(all), all, random);
  }
  return tree;
}

function spoilPlace(place: Place, all: readonly Place[], random: Random): void {
  const value = read(place);
  const { holder } = place;
  const ways: readonly (() => void)[] = [
    () => write(place, copyJson(other(value, random))),
    () => write(place, copyJson(other(value, random))),
    () => write(place, copyJson(read(random.pick(all)))),
    () => {
      if (Array.isArray(holder)) holder.push(copyJson(value));
      else setOwn(holder, random.pick(KEYS), copyJson(value));
    },
    () => {
      if (!Array.isArray(holder)) delete holder[place.key];
      else holder.splice(Number(place.key), 1);
    },
    () => {
      if (isObject(value)) setOwn(value, random.pick(KEYS), copyJson(random.pick(ODD)));
      else write(place, [value]);
    },
    () => {
      if (Array.isArray(value))
        value.push(...Array.from({ length: 60 }, () => copyJson(value[0] ?? 1)));
      else write(place, { [random.pick(KEYS)]: copyJson(value) });
    },
  ];
  random.pick(ways)();
}

/** A tree as text, with what no tree can hold. */
export function textOf(tree: Json): string {
  return stringifyJson(tree).replace(/"\\u0001raw:((?:[^"\\]|\\.)*)"/g, (_all, inner: string) =>
    String(JSON.parse(`"${inner}"`)),
  );
}

const PIECES: readonly string[] = [
  ...[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "\\u",
    "\0",
    "\u{feff}",
    "//",
    "null",
    "-",
    "1e",
    " ",
  ],
  ...[
    '"a":1,"a":1,',
    '"metadata":{},',
    '"__proto__":{"x":1},',
    '"apiVersion":"v9",',
    '"kind":"X",',
  ],
];

/** Text with some bytes changed, cut or doubled. */
export function spoilBytes(bytes: Buffer, random: Random): Buffer {
  let out = bytes;
  for (let left = 1 + random.below(3); left > 0; left--) {
    const at = random.below(out.length + 1);
    const cut = random.below(4) === 0 ? random.below(20) : 0;
    const middle = random.once(2)
      ? Buffer.from(random.pick(PIECES))
      : Buffer.from([random.below(256), 0x80 + random.below(128)].slice(random.below(2)));
    out = Buffer.concat([out.subarray(0, at), middle, out.subarray(at + cut)]);
    if (random.once(12)) out = out.subarray(0, random.below(out.length + 1));
  }
  return out;
}
