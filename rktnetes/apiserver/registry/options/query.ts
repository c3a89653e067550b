/**
 * Values of query parameters as Go's conversions read them: leniently for switches, strictly for
 * numbers. @throws {StatusFault} 400
 */
import { badRequest } from "@rktnetes/api/status-fault";
import { goQuote } from "@rktnetes/api/field-error";

/** True for anything but "false" and "0"; undefined when the parameter is absent. */
export function switchOf(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  return text.toLowerCase() !== "false" && text !== "0";
}

const INT64_MAX = 2n ** 63n - 1n;

/** A whole number; undefined when the parameter is absent or empty. */
export function integerOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (!/^[-+]?\d+$/.test(text)) throw numberFault("ParseInt", text, "invalid syntax");
  const value = BigInt(text.replace("+", ""));
  if (value > INT64_MAX || value < -INT64_MAX - 1n) {
    throw numberFault("ParseInt", text, "value out of range");
  }
  return Number(value);
}

function numberFault(parser: string, text: string, why: string): Error {
  return badRequest(`strconv.${parser}: parsing ${goQuote(text)}: ${why}`);
}

/** Why a text is no resource version; undefined when it is one. */
export function revisionProblem(text: string): string | undefined {
  if (/^\d+$/.test(text) && BigInt(text) < 2n ** 64n) return undefined;
  const why = /^\d+$/.test(text) ? "value out of range" : "invalid syntax";
  const parsing = `strconv.ParseUint: parsing ${goQuote(text)}: ${why}`;
  return `resourceVersion: Invalid value: ${goQuote(text)}: ${parsing}`;
}
