/**
 * `/openapi/v2`, `/openapi/v3` and what lies below. In: a request. Out: a document, that it has not
 * changed, or where it is now.
 */
import type { Answer } from "../http/answer.ts";
import type { ApiRequest } from "../http/api-request.ts";
import type { Document, OpenApiDocuments } from "./documents.ts";

const PROTOBUF = /^application\/com\.github\.proto-openapi\.spec\.v2[@.]v1\.0\+protobuf$/;
const PROTOBUF_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
const JSON_TYPE = "application/json";

/** Undefined when nothing is there. */
export async function serveOpenApi(
  documents: OpenApiDocuments,
  request: ApiRequest,
): Promise<Answer | undefined> {
  const { path } = request;
  if (path === "/openapi/v2") return await serveVersion2(documents, request);
  if (path === "/openapi/v3") {
    const body = JSON.stringify(await documents.index());
    return { status: 200, type: "text/plain; charset=utf-8", body };
  }
  if (!path.startsWith("/openapi/v3/")) return undefined;
  return await serveVersion3(documents, request);
}

async function serveVersion2(documents: OpenApiDocuments, request: ApiRequest): Promise<Answer> {
  const form = wantedForm(request.header("accept") ?? "");
  if (form === undefined) return emptyAnswer(406);
  const type = form === "json" ? JSON_TYPE : PROTOBUF_TYPE;
  const document = await documents.version2(form);
  return unlessKnown(request, document, { status: 200, type, body: document.body });
}

/** The first form of the client's list that there is. */
function wantedForm(accept: string): "json" | "protobuf" | undefined {
  if (accept === "") return "json";
  for (const clause of accept.split(",")) {
    const type = clause.split(";")[0]?.trim() ?? "";
    if (PROTOBUF.test(type)) return "protobuf";
    if (type === JSON_TYPE || type === "application/*" || type === "*/*") return "json";
  }
  return undefined;
}

async function serveVersion3(documents: OpenApiDocuments, request: ApiRequest): Promise<Answer> {
  const document = await documents.version3(request.path.slice("/openapi/v3/".length));
  if (document === undefined) return emptyAnswer(404);
  const accept = request.header("accept") ?? "";
  if (accept !== "" && !/application\/json|application\/\*|\*\/\*/.test(accept)) {
    return emptyAnswer(406);
  }
  const hash = request.search === "" ? null : request.query.get("hash");
  if (hash !== null && hash !== document.hash) {
    const location = `${request.path}?hash=${document.hash}`;
    const headers = { location, etag: etagOf(document) };
    return { status: 301, type: JSON_TYPE, body: "", headers };
  }
  const answer: Answer = { status: 200, type: JSON_TYPE, body: document.body };
  const lasting = { "cache-control": "public, immutable" };
  return unlessKnown(request, document, hash === null ? answer : { ...answer, headers: lasting });
}

function unlessKnown(request: ApiRequest, document: Document, answer: Answer): Answer {
  const etag = etagOf(document);
  const headers = { ...answer.headers, etag, vary: "Accept" };
  if (request.header("if-none-match") === etag) return { ...emptyAnswer(304), headers };
  return { ...answer, headers };
}

function etagOf({ hash }: Document): string {
  return `"${hash}"`;
}

function emptyAnswer(status: number): Answer {
  return { status, type: "", body: "" };
}
