/**
 * Answers for people to read: JSON with a line for each field. In: an answer and the request that
 * led to it. Out: the same document, indented where the client is one that people look at, or asks
 * for it. Numbers and strings stay as they were written.
 */
import type { Answer } from "./answer.ts";
import type { ApiRequest } from "./api-request.ts";

/** Programs that show what they get as it is. */
const READ_BY_PEOPLE = /^(curl|Wget|Mozilla\/5\.0)/;

export function forReader(answer: Answer, request: ApiRequest): Answer {
  if (answer.type !== "application/json" || !isForPeople(request)) return answer;
  const isDocument = answer.status < 400 && !request.path.startsWith("/api");
  if (isDocument) return answer;
  const { body } = answer;
  const text = typeof body === "string" ? body : Buffer.from(body).toString();
  return { ...answer, body: indentJson(text) };
}

function isForPeople(request: ApiRequest): boolean {
  if (request.header("accept")?.includes("pretty=1") === true) return true;
  const asked = request.search === "" ? null : request.query.get("pretty");
  if (asked !== null && asked !== "") return /^(1|t|true)$/i.test(asked);
  return READ_BY_PEOPLE.test(request.header("user-agent") ?? "");
}

/** @internal two spaces a level; what is empty stays on its line */
export function indentJson(text: string): string {
  const parts: string[] = [];
  let depth = 0;
  const newLine = (): string => `\n${"  ".repeat(depth)}`;
  for (const [token] of text.matchAll(TOKEN)) {
    const isOpening = token === "{" || token === "[";
    if (token === "}" || token === "]") {
      depth--;
      parts.push(newLine(), token);
    } else if (isOpening) {
      depth++;
      parts.push(token, newLine());
    } else if (token === ",") parts.push(token, newLine());
    else parts.push(token === ":" ? ": " : token);
  }
  return parts.join("");
}

/** Strings, empty objects and lists, marks, and all else that is no space. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|\{\s*\}|\[\s*\]|[{}[\],:]|[^\s{}[\],:"]+/g;
