/**
 * DER, as much of it as requests for certificates need: bytes become values. In: bytes of anybody.
 * @throws {Fault} "invalid" for what is no DER. @see X.690
 */
import { Fault } from "@shared/base";

/** One value and where it stands. */
export interface DerValue {
  readonly tag: number;
  readonly content: Buffer;
  /** With tag and length. */
  readonly whole: Buffer;
}

/** The value that begins at `at`. */
function readValue(bytes: Buffer, at: number): DerValue {
  const [tag, first] = [bytes[at], bytes[at + 1]];
  if (tag === undefined || first === undefined) throw broken();
  let [start, length] = [at + 2, first];
  if (first >= 0x80) {
    const digits = first - 0x80;
    if (digits === 0 || digits > 3 || start + digits > bytes.length) throw broken();
    length = bytes.readUIntBE(start, digits);
    start += digits;
  }
  const end = start + length;
  if (end > bytes.length) throw broken();
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(at, end) };
}

/** All values in these bytes, one after the other. */
export function readValues(bytes: Buffer): readonly DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const value = readValue(bytes, at);
    values.push(value);
    at += value.whole.length;
  }
  return values;
}

function broken(): Fault {
  return new Fault("invalid", "read DER: it ends too early, or is none");
}
