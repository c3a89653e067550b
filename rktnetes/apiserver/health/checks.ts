/**
 * `/healthz`, `/livez`, `/readyz` and the checks below them. In: a path and its query. Out: text.
 * Everything that is checked is in this process; the store is asked.
 */
import type { ApiServer } from "../api-server.ts";
import { type Answer, textAnswer } from "../http/answer.ts";

const ROOTS: ReadonlySet<string> = new Set(["healthz", "livez", "readyz"]);

/** Parts of the server, as Kubernetes calls them when it starts them: all run once it answers. */
const STARTED = [
  "poststarthook/start-apiserver-admission-initializer",
  "poststarthook/generic-apiserver-start-informers",
  "poststarthook/priority-and-fairness-config-consumer",
  "poststarthook/priority-and-fairness-filter",
  "poststarthook/storage-object-count-tracker-hook",
  "poststarthook/start-apiextensions-informers",
  "poststarthook/start-apiextensions-controllers",
  "poststarthook/crd-informer-synced",
  "poststarthook/start-system-namespaces-controller",
  "poststarthook/peer-endpoint-reconciler-controller",
  "poststarthook/start-cluster-authentication-info-controller",
  "poststarthook/start-kube-apiserver-identity-lease-controller",
  "poststarthook/start-kube-apiserver-identity-lease-garbage-collector",
  "poststarthook/storage-readiness",
  "poststarthook/start-legacy-token-tracking-controller",
  "poststarthook/start-service-ip-repair-controllers",
  "poststarthook/rbac/bootstrap-roles",
  "poststarthook/scheduling/bootstrap-system-priority-classes",
  "poststarthook/priority-and-fairness-config-producer",
  "poststarthook/bootstrap-controller",
  "poststarthook/start-kubernetes-service-cidr-controller",
  "poststarthook/aggregator-reload-proxy-client-cert",
  "poststarthook/start-kube-aggregator-informers",
  "poststarthook/apiservice-status-local-available-controller",
  "poststarthook/apiservice-status-remote-available-controller",
  "poststarthook/apiservice-registration-controller",
  "poststarthook/apiservice-wait-for-first-sync",
  "poststarthook/apiservice-discovery-controller",
  "poststarthook/kube-apiserver-autoregistration",
  "autoregister-completion",
  "poststarthook/apiservice-openapi-controller",
  "poststarthook/apiservice-openapiv3-controller",
];

/** In the order in which they are shown. */
const LIVE = ["ping", "log", "loopback-serving-certificate", "etcd", ...STARTED];
const READY = ["ping", "log", "informer-sync", ...STARTED, "shutdown"];

/** Checks that ask the store. */
const STORE_CHECKS: ReadonlySet<string> = new Set(["etcd", "poststarthook/storage-readiness"]);

/** Paths of all checks, with those of the checks taken together. */
export function healthPaths(): readonly string[] {
  return [...ROOTS].flatMap((root) => [
    `/${root}`,
    ...checksOf(root).map((name) => `/${root}/${name}`),
  ]);
}

/** Names of the checks below a path, in their order. */
export function checksOf(root: string): readonly string[] {
  return root === "readyz" ? READY : LIVE;
}

export async function answerHealth(
  server: ApiServer,
  path: string,
  query: URLSearchParams,
): Promise<Answer | undefined> {
  const [, root = "", ...rest] = path.split("/");
  if (!ROOTS.has(root)) return undefined;
  const name = rest.join("/");
  const checks = checksOf(root);
  if (path.length > root.length + 1) {
    if (!LIVE.includes(name) && !READY.includes(name)) return undefined;
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
export async function problemOf(server: ApiServer, check: string): Promise<string | undefined> {
  if (check === "shutdown") return server.stopping.aborted ? "the server is stopping" : undefined;
  if (!STORE_CHECKS.has(check)) return undefined;
  try {
    await server.registry.hub.store.currentRevision();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
