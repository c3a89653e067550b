/**
 * Makes new inputs out of old ones. In: bytes that are known, a source of numbers; out: bytes that
 * differ a little, with lengths and counts that parsers do not expect. Pure.
 */

/** A whole number from 0 up to below `limit`. */
export type Below = (limit: number) => number;

const ODD: readonly string[] = [
  ...["0", "-1", "2147483648", "4294967296", "9007199254740993", "1e999", "\0", "\u00ff", "%00"],
  ...["..", "/", "../../", '"', "{", "[", "}", "]", ",", ":", "=", "\n", "null", "77777777777"],
];
const LARGEST = 100_000;

/** A new input made of one to eight changes. */
export function mutate(known: readonly Uint8Array[], below: Below): Uint8Array {
  const pick = (): Buffer => Buffer.from(known[below(known.length)] ?? []);
  let bytes = pick();
  for (let n = below(8); n >= 0; n--) bytes = changed(bytes, pick, below);
  return bytes.subarray(0, LARGEST);
}

function changed(bytes: Buffer, other: () => Buffer, below: Below): Buffer {
  const at = below(bytes.length + 1);
  const length = 1 + below(Math.max(1, Math.min(64, bytes.length - at)));
  const around = (middle: Uint8Array, cut: number): Buffer =>
    Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(at + cut)]);
  const kinds: readonly (() => Buffer)[] = [
    () => around(Uint8Array.of((bytes[at] ?? 0) ^ (1 << below(8))), 1),
    () => around(Uint8Array.of(below(256)), 1),
    () => around(new Uint8Array(0), length),
    () => around(bytes.subarray(at, at + length), 0),
    () => around(Buffer.from(ODD[below(ODD.length)] ?? ""), below(2) * length),
    () => bytes.subarray(0, at),
    () => around(other().subarray(below(600)), bytes.length),
    () => Buffer.concat([bytes, other()]),
  ];
  return (kinds[below(kinds.length)] ?? ((): Buffer => bytes))();
}
