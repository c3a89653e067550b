/** `"%d of %s".format([…])`. In: a form and values. Out: text. Pure. @throws {CelError} */
import {
  CelError,
  CelMap,
  type CelValue,
  Duration,
  isList,
  Opaque,
  Timestamp,
  TypeValue,
  typeName,
  Uint,
} from "../values.ts";
import { durationText, timestampText } from "./time-text.ts";

/** What the verbs that are choosy say of what they do not take. */
const TAKEN: Readonly<Record<string, string>> = {
  decimal: "decimal clause can only be used on integers",
  binary: "only integers and bools can be formatted as binary",
  octal: "octal clause can only be used on integers",
  hexadecimal: "only integers, byte buffers, and strings can be formatted as hex",
  "fixed-point": "fixed-point clause can only be used on doubles",
  scientific: "scientific clause can only be used on doubles",
  string:
    "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, " +
    "types, durations, and timestamps",
};

export function formatText(form: string, args: readonly CelValue[]): string {
  let next = 0;
  const text = form.replaceAll(/%(%|(?:\.(\d+))?([a-zA-Z]))?/g, (...found: string[]) => {
    const [, whole, digits, verb] = found;
    if (whole === "%") return "%";
    if (verb === undefined || verb === "") throw new CelError("unexpected end of string");
    const value = args[next];
    if (next >= args.length || value === undefined) {
      throw new CelError(`index ${next} out of range`);
    }
    next++;
    return write(verb, value, digits === undefined ? undefined : Number(digits));
  });
  return text;
}

const DIGITS = 6;

function write(verb: string, value: CelValue, digits: number | undefined): string {
  switch (verb) {
    case "s":
      return shown(value);
    case "d":
      return whole(value, "decimal", (each) => each.toString());
    case "b":
      if (typeof value === "boolean") return value ? "1" : "0";
      return whole(value, "binary", (each) => each.toString(2));
    case "o":
      return whole(value, "octal", (each) => each.toString(8));
    case "x":
      return hexadecimal(value);
    case "X":
      return hexadecimal(value).toUpperCase();
    case "f":
      return fixed(double(value, "fixed-point"), digits ?? DIGITS);
    case "e":
      return double(value, "scientific")
        .toExponential(digits ?? DIGITS)
        .replace(/e([+-])(\d)$/, "e$10$2");
    default:
      throw new CelError(
        `could not parse formatting clause: unrecognized formatting clause "${verb}"`,
      );
  }
}

/** To the even digit where the value lies in the middle. */
function fixed(value: number, digits: number): string {
  const isHalf = digits === 0 && Math.abs(value % 1) === 0.5;
  return isHalf ? String(2 * Math.round(value / 2)) : value.toFixed(digits);
}

function wrong(what: string, value: CelValue): CelError {
  const why = `${TAKEN[what] ?? what}, was given ${typeName(value)}`;
  return new CelError(`error during formatting: ${why}`);
}

function whole(value: CelValue, what: string, write: (value: bigint) => string): string {
  if (typeof value === "bigint") return write(value);
  if (value instanceof Uint) return write(value.value);
  if (typeof value === "number" && what === "decimal") return shown(value);
  throw wrong(what, value);
}

function double(value: CelValue, what: string): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Uint) return Number(value.value);
  throw wrong(what, value);
}

function hexadecimal(value: CelValue): string {
  if (typeof value === "string") return Buffer.from(value).toString("hex");
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return whole(value, "hexadecimal", (each) => each.toString(16));
}

function shown(value: CelValue): string {
  if (value === null) return "null";
  if (typeof value === "string") return value;
  if (isList(value)) return `[${value.map(shown).join(", ")}]`;
  if (value instanceof CelMap) {
    const entries = value.entries().map(([key, each]) => [shown(key), shown(each)] as const);
    entries.sort(([left], [right]) => (left < right ? -1 : 1));
    return `{${entries.map((entry) => entry.join(": ")).join(", ")}}`;
  }
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Duration) return durationText(value);
  if (value instanceof TypeValue) return value.name;
  if (value instanceof Opaque) return value.text;
  if (typeof value === "object") throw wrong("string", value);
  return String(value);
}
