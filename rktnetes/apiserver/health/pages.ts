/**
 * Pages that people read about a running server: how long it runs, what it was started with, and
 * its checks as numbers. In: a server. Out: text. Clients must not depend on their form.
 */
import { notAcceptable } from "@rktnetes/api/status-fault";
import type { ApiServer } from "../api-server.ts";
import type { Answer } from "../http/answer.ts";
import type { ApiRequest } from "../http/api-request.ts";
import { gitVersion } from "../version.ts";
import { checksOf, problemOf } from "./checks.ts";

const OFFERED = ["application/json", "application/yaml", "text/plain"];

/** `/statusz`, `/flagz`, `/metrics/slis`; undefined for other paths. */
export async function answerPage(
  server: ApiServer,
  request: ApiRequest,
): Promise<Answer | undefined> {
  if (request.path === "/metrics/slis") return await checksAsMetrics(server);
  if (request.path === "/statusz") return page(request, statusLines(server));
  return request.path === "/flagz" ? page(request, flagLines(server)) : undefined;
}

/** Structured forms are alpha there: only text is served. @throws {StatusFault} 406 */
function page(request: ApiRequest, lines: readonly string[]): Answer {
  const accept = request.header("accept") ?? "";
  if (accept !== "" && !/text\/plain|text\/\*|\*\/\*/.test(accept)) {
    throw notAcceptable(`only the following media types are accepted: ${OFFERED.join(", ")}`);
  }
  const body = `${lines.join("\n")}\n`;
  return { status: 200, type: "text/plain; charset=utf-8", body };
}

function statusLines({ host, startedMs }: ApiServer): string[] {
  const seconds = Math.floor((host.clock.now() - startedMs) / 1000);
  return [
    "kube-apiserver statusz",
    "",
    `Started: ${new Date(startedMs).toUTCString()}`,
    `Up: ${Math.floor(seconds / 3600)} hr ${Math.floor(seconds / 60) % 60} min ${seconds % 60} sec`,
    `Binary version: ${gitVersion()}`,
    "Paths: /flagz /healthz /livez /metrics /readyz /version",
  ];
}

function flagLines({ flags }: ApiServer): string[] {
  const lines = [...flags].map(([name, value]) => `${name}=${value}`);
  return ["kube-apiserver flagz", "", ...lines.sort()];
}

async function checksAsMetrics(server: ApiServer): Promise<Answer> {
  const lines = ["# TYPE kubernetes_healthcheck gauge"];
  for (const root of ["healthz", "livez", "readyz"]) {
    for (const name of checksOf(root)) {
      const isWell = (await problemOf(server, name)) === undefined;
      lines.push(`kubernetes_healthcheck{name="${name}",type="${root}"} ${isWell ? 1 : 0}`);
    }
  }
  const type = "text/plain; version=0.0.4; charset=utf-8";
  return { status: 200, type, body: `${lines.join("\n")}\n` };
}
