/** `semver("1.2.3")`. Pure. @see https://semver.org */
import { CelError, type CelValue, Opaque } from "../values.ts";
import type { Library, PartialFunction } from "./library.ts";

const TYPE = "kubernetes.Semver";
const NUMBER = String.raw`(0|[1-9]\d*)`;
const STAGE = String.raw`(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)`;
const BUILD = String.raw`[0-9a-zA-Z-]+`;
const FORM = new RegExp(
  String.raw`^${NUMBER}\.${NUMBER}\.${NUMBER}(?:-(${STAGE}(?:\.${STAGE})*))?` +
    String.raw`(?:\+(${BUILD}(?:\.${BUILD})*))?$`,
);

interface Version {
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly stage: readonly string[];
}

/** `v1.2` means 1.2.0 to whoever asks for it. */
function normal(text: string): string {
  const [, core = "", rest = ""] = /^v?([\d.]*)(.*)$/s.exec(text) ?? [];
  const parts = core.split(".").map((part) => part.replace(/^0+(?=\d)/, ""));
  while (parts.length < 3) parts.push("0");
  return parts.join(".") + rest;
}

function parse(given: string, isLoose: boolean): Opaque | undefined {
  const text = isLoose ? normal(given) : given;
  const found = FORM.exec(text);
  if (found === null) return undefined;
  const [, major = "0", minor = "0", patch = "0", stage] = found;
  const version: Version = {
    numbers: [BigInt(major), BigInt(minor), BigInt(patch)],
    stage: stage === undefined ? [] : stage.split("."),
  };
  return new Opaque(TYPE, version, text);
}

function compareVersions(left: Version, right: Version): number {
  for (const [at, a] of left.numbers.entries()) {
    const b = right.numbers[at] ?? 0n;
    if (a !== b) return a < b ? -1 : 1;
  }
  if (left.stage.length === 0 || right.stage.length === 0) {
    return Math.sign(right.stage.length - left.stage.length);
  }
  for (const [at, a] of left.stage.entries()) {
    const b = right.stage[at];
    if (b === undefined) return 1;
    const order = compareStages(a, b);
    if (order !== 0) return order;
  }
  return left.stage.length < right.stage.length ? -1 : 0;
}

function compareStages(a: string, b: string): number {
  const [x, y] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (x && y) return Math.sign(Number(a) - Number(b));
  if (x !== y) return x ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function read(value: CelValue | undefined): Version | undefined {
  return value instanceof Opaque && value.type === TYPE ? (value.content as Version) : undefined;
}

function ordered(run: (order: number) => CelValue): PartialFunction {
  return ([left, right]) => {
    const [a, b] = [read(left), read(right)];
    return a === undefined || b === undefined ? undefined : run(compareVersions(a, b));
  };
}

function number(at: 0 | 1 | 2): PartialFunction {
  return ([value]) => read(value)?.numbers[at];
}

export const SEMVER_FUNCTIONS: Library = {
  semver: ([text, isLoose]) => {
    if (typeof text !== "string") return undefined;
    const version = parse(text, isLoose === true);
    if (version !== undefined) return version;
    throw new CelError(`invalid semver string ${JSON.stringify(text)}`);
  },
  isSemver: ([text, isLoose]) =>
    typeof text === "string" ? parse(text, isLoose === true) !== undefined : undefined,
  major: number(0),
  minor: number(1),
  patch: number(2),
  compareTo: ordered((order) => BigInt(order)),
  isGreaterThan: ordered((order) => order > 0),
  isLessThan: ordered((order) => order < 0),
};
