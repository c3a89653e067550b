/**
 * Recordings as the project keeps them: a line for each interaction, without what nearly all have
 * and without descriptions. In: interactions. Out: lines, and the interactions again.
 */
import { readFileSync } from "node:fs";
import type { Interaction } from "./recording.ts";

interface Line {
  readonly name: string;
  /** How many parts of the name are that of the case; one without it. */
  readonly parts?: number;
  readonly request: string;
  /** Beside those that are nearly always sent; null for one of them that was not. */
  readonly headers?: Headers;
  readonly body?: unknown;
  readonly rawBody?: string;
  readonly status: number;
  readonly answerHeaders?: Headers;
  readonly answer?: unknown;
  readonly events?: readonly unknown[];
}

type Headers = Readonly<Record<string, unknown>>;

const SENT: Headers = { Accept: "application/json", Authorization: "Bearer <admin>" };
const ANSWERED: Headers = {
  "content-type": "application/json",
  "cache-control": "no-cache, private",
};

export function compactLine({ name, case: of, request, response }: Interaction): string {
  const parts = of.split("/").length;
  const { body, rawBody, headers = {} } = request;
  const line: Line = {
    name,
    ...(parts === 1 ? {} : { parts }),
    request: `${request.method} ${request.path}`,
    ...optional("headers", unlike(headers, SENT)),
    ...(body === undefined || body === null ? {} : { body }),
    ...(rawBody === undefined ? {} : { rawBody }),
    status: response.status,
    ...optional("answerHeaders", unlike(response.headers, ANSWERED)),
    ...("body" in response ? { answer: undescribed(response.body) } : {}),
    ...(response.events === undefined ? {} : { events: undescribed(response.events) as unknown[] }),
  };
  return JSON.stringify(line);
}

/** All interactions of a file of such lines. */
export function readCompact(file: string): readonly Interaction[] {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => expand(JSON.parse(line) as Line));
}

function expand(line: Line): Interaction {
  const { name, parts = 1, request, body, rawBody, status, events } = line;
  const at = request.indexOf(" ");
  const headers = like(line.headers, SENT) as Record<string, string>;
  return {
    name,
    case: name.split("/").slice(0, parts).join("/"),
    why: "",
    request: {
      method: request.slice(0, at),
      path: request.slice(at + 1),
      headers,
      ...(body === undefined ? {} : { body }),
      ...(rawBody === undefined ? {} : { rawBody }),
    },
    response: {
      status,
      headers: like(line.answerHeaders, ANSWERED),
      ...("answer" in line ? { body: line.answer } : {}),
      ...(events === undefined ? {} : { events }),
    },
  };
}

function unlike(headers: Headers, usual: Headers): Headers {
  const others = Object.entries(headers).filter(([name, value]) => usual[name] !== value);
  const missing = Object.keys(usual).filter((name) => !(name in headers));
  return Object.fromEntries([...others, ...missing.map((name) => [name, null] as const)]);
}

function like(headers: Headers = {}, usual: Headers): Headers {
  const all = Object.entries({ ...usual, ...headers });
  return Object.fromEntries(all.filter(([, value]) => value !== null));
}

function optional(name: string, headers: Headers): Readonly<Record<string, Headers>> {
  return Object.keys(headers).length === 0 ? {} : { [name]: headers };
}

/** Columns of tables come with sentences that are not served. */
function undescribed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(undescribed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, each]) =>
    name === "columnDefinitions" && Array.isArray(each)
      ? [name, each.map(withoutDescription)]
      : [name, undescribed(each)],
  );
  return Object.fromEntries(entries) as unknown;
}

function withoutDescription(column: unknown): unknown {
  const { description: _, ...rest } = column as Readonly<Record<string, unknown>>;
  return rest;
}
