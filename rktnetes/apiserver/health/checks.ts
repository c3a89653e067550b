/**
 * `/healthz`, `/livez`, `/readyz` and the checks below them. In: a path and its query. Out: text.
 * Everything that is checked is in this process; the store is asked.
 */
import type { ApiServer } from "../api-server.ts";
import { type Answer, textAnswer } from "../http/answer.ts";

const ROOTS: ReadonlySet<string> = new Set(["healthz", "livez", "readyz"]);

/** In the order in which they are shown. */
const CHECKS = ["ping", "log", "etcd", "poststarthook/rbac/bootstrap-roles"];

export async function answerHealth(
  server: ApiServer,
  path: string,
  query: URLSearchParams,
): Promise<Answer | undefined> {
  const [, root = "", ...rest] = path.split("/");
  if (!ROOTS.has(root)) return undefined;
  const name = rest.join("/");
  const checks = root === "readyz" ? [...CHECKS, "shutdown"] : CHECKS;
  if (path.length > root.length + 1) {
    if (!checks.includes(name)) return undefined;
    const why = await problemOf(server, name);
    if (why !== undefined) return textAnswer(500, `internal server error: ${why}\n`);
    return { status: 200, type: "text/plain; charset=utf-8", body: "ok" };
  }
  return await answerAll(server, { root, checks, query });
}

interface Asked {
  readonly root: string;
  readonly checks: readonly string[];
  readonly query: URLSearchParams;
}

async function answerAll(server: ApiServer, { root, checks, query }: Asked): Promise<Answer> {
  const excluded = new Set(query.getAll("exclude"));
  const lines: string[] = [];
  let isWell = true;
  for (const check of checks) {
    const why = excluded.has(check) ? undefined : await problemOf(server, check);
    if (why !== undefined) isWell = false;
    const words = excluded.has(check)
      ? "excluded: ok"
      : why === undefined
        ? "ok"
        : "failed: reason withheld";
    lines.push(`[${why === undefined ? "+" : "-"}]${check} ${words}`);
    excluded.delete(check);
  }
  if (excluded.size > 0) {
    const names = [...excluded].map((name) => `"${name}"`).join(",");
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`);
  }
  const all = `${lines.join("\n")}\n`;
  if (!isWell) return textAnswer(500, `${all}${root} check failed\n`);
  return textAnswer(200, query.has("verbose") ? `${all}${root} check passed\n` : "ok");
}

/** What is wrong; undefined when all is well. */
async function problemOf(server: ApiServer, check: string): Promise<string | undefined> {
  if (check === "shutdown") return server.stopping.aborted ? "the server is stopping" : undefined;
  if (check !== "etcd") return undefined;
  try {
    await server.registry.hub.store.currentRevision();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
