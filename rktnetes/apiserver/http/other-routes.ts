/** Paths that are not objects: version, health, metrics, the index. In: a path. Out: an answer. */
import { flowMetrics } from "../fairness/flow-counts.ts";
import { memoryUsage } from "node:process";
import { methodNotAllowed, notAcceptable } from "@rktnetes/api/status-fault";
import type { ApiServer } from "../api-server.ts";
import { apiVersionOf } from "../registry/resource.ts";
import { answerHealth } from "../health/checks.ts";
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
    return serveIssuer(server, path) ?? pageNotFound();
  }
  if (path === "/metrics") {
    const { counts } = server.fairness;
    const flows = flowMetrics(counts.all(), server.fairness.seatsOfLevels());
    const body = `${server.metrics.text(memoryUsage().rss)}${flows.join("\n")}\n`;
    return { status: 200, type: "text/plain; version=0.0.4; charset=utf-8", body };
  }
  if (path.startsWith("/debug/api_priority_and_fairness/")) {
    const { answerDump } = await import("../fairness/dump.ts");
    return answerDump(server.fairness, path) ?? pageNotFound();
  }
  return (await answerHealth(server, path, request.query)) ?? pageNotFound();
}

/** What others verify tokens of service accounts with. @see OpenID Connect Discovery 1.0 §4 */
function serveIssuer({ auth, address }: ApiServer, path: string): Answer | undefined {
  const { tokens } = auth;
  const headers = { "cache-control": "public, max-age=3600" };
  const place = path.replace(/\/$/, "");
  if (place === "/openid/v1/jwks") {
    const body = JSON.stringify(tokens.keySet());
    return { status: 200, type: "application/jwk-set+json", body, headers, uncached: true };
  }
  if (place !== "/.well-known/openid-configuration") return undefined;
  const body = JSON.stringify({
    issuer: tokens.keys.issuer,
    jwks_uri: `https://${address}/openid/v1/jwks`,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: tokens.algorithms,
  });
  return { status: 200, type: "application/json", body, headers, uncached: true };
}

function serveVersion(request: ApiRequest): Answer {
  if (request.method !== "GET") throw methodNotAllowed();
  const accept = request.header("accept") ?? "";
  if (accept !== "" && !/\*\/\*|application\/json/.test(accept)) {
    throw notAcceptable("406: Not Acceptable\n\nAvailable representations: application/json", {});
  }
  const body = JSON.stringify(versionDocument(), null, 2); // people read it
  return { status: 200, type: "application/json", body };
}

function indexPaths({ apiServices }: ApiServer): string[] {
  const all = apiServices.groupVersions().filter(({ group }) => group !== "");
  const groups = all.flatMap((each) => [`/apis/${each.group}`, `/apis/${apiVersionOf(each)}`]);
  const others = ["/api", "/api/v1", "/apis", "/apis/", "/healthz", "/livez", "/metrics"];
  return [
    ...new Set([...others, ...groups, "/openapi/v2", "/openapi/v3", "/readyz", "/version"]),
  ].sort();
}
