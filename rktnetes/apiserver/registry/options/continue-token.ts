/**
 * Where a list goes on: the revision of its first page and the last key that was given out,
 * relative to what is listed. Clients see base64url of JSON and must not look inside; what they
 * bring back is checked all the same.
 */
import { badRequest } from "@rktnetes/api/status-fault";

export interface ContinueToken {
  /** -1 for "whatever is there now": the way on after the revision was forgotten. */
  readonly revision: number;
  readonly after: string;
}

const VERSION = "meta.k8s.io/v1";

/** Ends a key: what follows it comes after it. */
const AFTER = "\u0000";

export function encodeContinue({ revision, after }: ContinueToken): string {
  const text = JSON.stringify({ v: VERSION, rv: revision, start: `${after}${AFTER}` });
  return Buffer.from(text).toString("base64url");
}

/** @throws {StatusFault} 400 */
export function decodeContinue(text: string): ContinueToken {
  const bad = /[^A-Za-z0-9_-]/.exec(text);
  if (bad !== null) throw invalidToken(`illegal base64 data at input byte ${bad.index}`);
  const token = parseToken(Buffer.from(text, "base64url").toString());
  const version = typeof token.v === "string" ? token.v : "";
  if (version !== VERSION) {
    throw invalidToken(`server does not recognize this encoded version ${version}`);
  }
  const { rv, start } = token;
  if (typeof rv !== "number" || rv === 0)
    throw invalidToken("incorrect encoded start resourceVersion");
  if (typeof start !== "string" || start === "") throw invalidToken("encoded start key empty");
  const after = start.endsWith(AFTER) ? start.slice(0, -AFTER.length) : start;
  if (after.split("/").some((step) => step === ".." || step === ".") || after.startsWith("/")) {
    throw invalidToken(start);
  }
  return { revision: rv, after };
}

interface RawToken {
  readonly v?: unknown;
  readonly rv?: unknown;
  readonly start?: unknown;
}

function parseToken(text: string): RawToken {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch (error) {
    throw invalidToken(error instanceof Error ? error.message : "it is not JSON");
  }
}

function invalidToken(why: string): Error {
  return badRequest(`invalid continue token: continue key is not valid: ${why}`);
}
