/** Paths that are not objects: version, health, metrics, the index. In: a path. Out: an answer. */
import { methodNotAllowed, notAcceptable } from "@rktnetes/api/status-fault";
import type { ApiServer } from "../api-server.ts";
import { apiVersionOf } from "../registry/resource.ts";
import { answerHealth, healthPaths } from "../health/checks.ts";
import { versionDocument } from "../version.ts";
import { type Answer, documentAnswer, pageNotFound } from "./answer.ts";
import type { ApiRequest } from "./api-request.ts";

export async function serveOther(server: ApiServer, request: ApiRequest): Promise<Answer> {
  const { path } = request;
  if (path === "/version" || path === "/version/") return serveVersion(request);
  if (path === "/") return documentAnswer(200, { paths: indexPaths(server) });
  if (path.startsWith("/openapi/")) {
    const { serveOpenApi } = await import("../openapi/serve-openapi.ts");
    return (await serveOpenApi(server.openApi, request)) ?? pageNotFound();
  }
  if (path.startsWith("/openid/") || path.startsWith("/.well-known/")) {
    return serveIssuer(server, request) ?? pageNotFound();
  }
  if (path === "/statusz" || path === "/flagz" || path === "/metrics/slis") {
    const { answerPage } = await import("../health/pages.ts");
    return (await answerPage(server, request)) ?? pageNotFound();
  }
  if (path === "/metrics") {
    const { metricsPage } = await import("../health/metrics-page.ts");
    const type = "text/plain; version=0.0.4; charset=utf-8";
    return { status: 200, type, body: await metricsPage(server) };
  }
  if (path.startsWith("/debug/api_priority_and_fairness/")) {
    const { answerDump } = await import("../fairness/dump.ts");
    return answerDump(server.fairness, path) ?? pageNotFound();
  }
  return (await answerHealth(server, path, request.query)) ?? pageNotFound();
}

/** What others verify tokens of service accounts with. @see OpenID Connect Discovery 1.0 §4 */
function serveIssuer({ auth, address }: ApiServer, request: ApiRequest): Answer | undefined {
  const { tokens } = auth;
  const place = request.path.replace(/\/$/, "");
  if (place === "/openid/v1/jwks") {
    return issuerAnswer(request, "application/jwk-set+json", tokens.keySet());
  }
  if (place !== "/.well-known/openid-configuration") return undefined;
  return issuerAnswer(request, "application/json", {
    issuer: tokens.keys.issuer,
    jwks_uri: `https://${address}/openid/v1/jwks`,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: tokens.algorithms,
  });
}

function issuerAnswer(request: ApiRequest, type: string, document: unknown): Answer {
  requireAccepted(request, type);
  const headers = { "cache-control": "public, max-age=3600" };
  return { status: 200, type, body: JSON.stringify(document), headers, uncached: true };
}

function requireAccepted(request: ApiRequest, type: string): void {
  const accept = request.header("accept") ?? "";
  const types = accept.split(",").map((clause) => clause.split(";")[0]?.trim() ?? "");
  if (accept === "" || types.some((each) => [type, "application/*", "*/*"].includes(each))) return;
  throw notAcceptable(`406: Not Acceptable\n\nAvailable representations: ${type}`, {});
}

function serveVersion(request: ApiRequest): Answer {
  if (request.method !== "GET") throw methodNotAllowed();
  requireAccepted(request, "application/json");
  const body = JSON.stringify(versionDocument(), null, 2); // people read it
  return { status: 200, type: "application/json", body };
}

function indexPaths({ apiServices }: ApiServer): string[] {
  const all = apiServices.groupVersions().filter(({ group }) => group !== "");
  const groups = all.flatMap((each) => [`/apis/${each.group}`, `/apis/${apiVersionOf(each)}`]);
  return [...new Set([...OTHERS, ...healthPaths(), ...groups])].sort();
}

/** Paths that are there whatever is served. */
const OTHERS = [
  "/.well-known/openid-configuration",
  ...["/api", "/api/v1", "/apis", "/apis/"],
  ...["/flagz", "/metrics", "/metrics/slis"],
  ...["/openapi/v2", "/openapi/v3", "/openapi/v3/", "/openid/v1/jwks", "/statusz", "/version"],
];
