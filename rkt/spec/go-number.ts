/**
 * Numbers and truth values of command lines, as Go's strconv reads them and with its words in the
 * Faults, because scripts compare them. Pure.
 *
 * @see https://pkg.go.dev/strconv
 */
import { Fault, quote } from "@shared/base";

const TRUE: readonly string[] = ["1", "t", "T", "TRUE", "true", "True"];
const FALSE: readonly string[] = ["0", "f", "F", "FALSE", "false", "False"];

/** A truth value: 1, t, true and 0, f, false in three spellings. */
export function parseGoBoolean(text: string): boolean {
  if (TRUE.includes(text)) return true;
  if (FALSE.includes(text)) return false;
  throw new Fault("invalid", `strconv.ParseBool: parsing ${quote(text)}: invalid syntax`);
}

/** A whole number with an optional sign. */
export function parseGoInteger(text: string): number {
  const number = /^[+-]?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(number)) {
    throw new Fault("invalid", `strconv.Atoi: parsing ${quote(text)}: invalid syntax`);
  }
  if (!Number.isSafeInteger(number)) {
    throw new Fault("invalid", `strconv.Atoi: parsing ${quote(text)}: value out of range`);
  }
  return number;
}
