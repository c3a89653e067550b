/**
 * Recorded requests and answers. In: a file of JSON lines. Out: interactions by case, in their
 * order. Trusts what it reads.
 */
import { readFileSync } from "node:fs";

/** In the order in which they were recorded, on one server. */
export const RECORDINGS: readonly string[] = [
  "defaults",
  "validation",
  "patch",
  "delete",
  "subresources",
  "crd",
  "errors",
  "auth",
  "lists-watches",
];

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly rawBody?: string;
}

export interface RecordedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly events?: readonly unknown[];
}

export interface Interaction {
  /** `case/step` */
  readonly name: string;
  /** Placeholders are numbered within it. */
  readonly case: string;
  readonly why: string;
  readonly request: RecordedRequest;
  readonly response: RecordedResponse;
}

export function readRecording(file: string): readonly Interaction[] {
  const text = withChosen(readFileSync(file, "utf8"));
  const lines = text.split("\n").filter((line) => line !== "");
  const all = lines.map((line) => JSON.parse(line) as Interaction);
  const grouped = groups(all);
  return all.map((interaction) => {
    const parts = interaction.name.split("/");
    const isGroup = grouped.has(parts[0] ?? "") && parts.length > 2;
    return { ...interaction, case: parts.slice(0, isGroup ? 2 : 1).join("/") };
  });
}

/**
 * First words of names that hold several cases, `answers/ConfigMap/create`: there two new objects
 * have the same number.
 */
function groups(all: readonly Interaction[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const found = new Set<string>();
  for (const { name, request, response } of all) {
    if (request.method !== "POST" || response.status !== 201) continue;
    const body = response.body as { readonly metadata?: { readonly uid?: string } } | undefined;
    const first = name.slice(0, name.indexOf("/"));
    const made = `${first} ${body?.metadata?.uid}`;
    if (body?.metadata?.uid === undefined) continue;
    if (seen.has(made)) found.add(first);
    seen.add(made);
  }
  return found;
}

/**
 * Some addresses and ports that the server chose are recorded as they were: addresses of a second
 * range, and ports of an object that was sent back.
 */
function withChosen(text: string): string {
  const lines = text.split("\n");
  const asked = new Set(lines.flatMap((line) => requestOf(line).match(/10\.97\.\d+\.\d+/g) ?? []));
  const sentBack = lines.flatMap((line) => {
    const request = requestOf(line);
    return request.includes("<clusterIP1>") ? (/"nodePort": ?(\d+)/.exec(request)?.[1] ?? []) : [];
  });
  const withAddresses = text.replace(/"10\.97\.(\d+)\.(\d+)"/g, (whole, third, fourth) =>
    asked.has(whole.slice(1, -1)) ? whole : `"<clusterIP97${third}${fourth}>"`,
  );
  return sentBack.reduce(
    (now, port) =>
      now
        .replaceAll(`"nodePort": ${port}`, '"nodePort": "<nodePort1>"')
        .replaceAll(`:${port}/TCP`, ":<nodePort1>/TCP"),
    withAddresses,
  );
}

function requestOf(line: string): string {
  return line.slice(0, line.indexOf('"response"'));
}
