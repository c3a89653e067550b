import { expect, test } from "bun:test";
import { handle } from "../handle.ts";
import type { ApiRequest } from "../http/api-request.ts";
import { openCluster } from "../testing/cluster.ts";
import { Histogram } from "./histogram.ts";
import { InFlight } from "./in-flight.ts";
import { labelsOf } from "./request-labels.ts";
import { Metrics } from "./metrics.ts";
import { attributesOf } from "../auth/attributes.ts";
import { parsePath } from "../http/request-path.ts";
import { ServedKinds } from "../served-kinds.ts";

function requestOf(method: string, target: string, contentType: string = ""): ApiRequest {
  const [path = "", search = ""] = target.split("?");
  return {
    method,
    path,
    search,
    query: new URLSearchParams(search),
    header: (name) => (name === "content-type" && contentType !== "" ? contentType : undefined),
    headerValues: () => [],
    headerNames: () => [],
    body: () => Promise.resolve(Buffer.alloc(0)),
    certificate: () => undefined,
    signal: () => new AbortController().signal,
  };
}

const POD = "/api/v1/namespaces/n/pods/p";
const APPLY = "application/apply-patch+yaml";

type Row = readonly [method: string, target: string, labels: string, contentType?: string];

const ROWS: readonly Row[] = [
  ["GET", POD, "apiserver  '' v1 pods resource '' GET"],
  ["GET", "/api/v1/namespaces/n/pods", "apiserver  '' v1 pods namespace '' LIST"],
  ["GET", "/api/v1/pods?watch=1", "apiserver  '' v1 pods cluster '' WATCH"],
  ["POST", "/api/v1/namespaces/n/pods?dryRun=All", "apiserver All '' v1 pods resource '' POST"],
  ["PUT", `${POD}/status`, "apiserver  '' v1 pods resource status PUT"],
  ["PATCH", POD, "apiserver  '' v1 pods resource '' PATCH"],
  ["PATCH", POD, "apiserver  '' v1 pods resource '' APPLY", APPLY],
  [
    "DELETE",
    "/apis/apps/v1/deployments",
    "apiserver  apps v1 deployments cluster '' DELETECOLLECTION",
  ],
  ["POST", `${POD}/exec`, "apiserver  '' v1 pods resource exec CONNECT"],
  ["GET", `${POD}/invented`, "apiserver  '' v1 pods resource '' GET"],
  ["GET", "/apis/invented/v1/things", "  '' '' '' '' '' LIST"],
  ["GET", "/readyz", "  '' '' '' '' /readyz GET"],
  ["GET", "/readyz/invented", "  '' '' '' '' '' GET"],
];

test("labels name what is served, and nothing that a client makes up", () => {
  const kinds = new ServedKinds();
  for (const [method, target, expected, contentType] of ROWS) {
    const request = requestOf(method, target, contentType);
    const { text } = labelsOf(kinds, request, attributesOf(request, parsePath(request.path)));
    const at = (name: string): string => new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1] ?? "?";
    const shown = (name: string): string => at(name) || "''";
    const rest = ["group", "version", "resource", "scope", "subresource", "verb"].map(shown);
    expect([target, [at("component"), at("dry_run"), ...rest].join(" ")]).toEqual([
      target,
      expected,
    ]);
  }
});

test("a bucket holds all that is not above its bound", () => {
  const histogram = new Histogram({ name: "h", bounds: [1, 5] });
  for (const value of [0.5, 1, 4, 100]) histogram.observe(value);
  expect(histogram.lines('a="b"')).toEqual([
    'h_bucket{a="b",le="1"} 2',
    'h_bucket{a="b",le="5"} 3',
    'h_bucket{a="b",le="+Inf"} 4',
    'h_sum{a="b"} 105.5',
    'h_count{a="b"} 4',
  ]);
});

test("what was brief is seen for a second, what goes on for longer", () => {
  const inFlight = new InFlight();
  const peaksAt = (nowMs: number): Record<string, number> =>
    Object.fromEntries(inFlight.peaks(nowMs));
  const leaveLong = inFlight.enter(false, 10_000);
  inFlight.enter(true, 10_100)();
  inFlight.enter(true, 10_200)();
  expect(peaksAt(10_900)).toEqual({ mutating: 1, readOnly: 1 });
  expect(peaksAt(11_900)).toEqual({ mutating: 1, readOnly: 1 });
  expect(peaksAt(12_100)).toEqual({ mutating: 1, readOnly: 0 });
  leaveLong();
  expect(peaksAt(20_000)).toEqual({ mutating: 0, readOnly: 0 });
});

test("only what reads has a size, and streams are counted while they last", () => {
  const metrics = new Metrics();
  const kinds = new ServedKinds();
  const labels = (method: string, target: string): ReturnType<typeof labelsOf> => {
    const request = requestOf(method, target);
    return labelsOf(kinds, request, attributesOf(request, parsePath(request.path)));
  };
  metrics.count(labels("GET", POD), { code: 200, ms: 130, waitedMs: 100, bytes: 2000 });
  metrics.count(labels("DELETE", POD), { code: 404, ms: 3, waitedMs: 0, bytes: 100 });
  const leave = metrics.enter(labels("GET", "/api/v1/pods?watch=1"), true, 0);
  const text = metrics.lines(0).join("\n");
  expect(text).toMatch(/^apiserver_request_total\{code="404",.*verb="DELETE",version="v1"\} 1$/m);
  expect(text).toMatch(/request_duration_seconds_bucket\{.*verb="GET",.*le="0.1"\} 0$/m);
  expect(text).toMatch(/request_duration_seconds_bucket\{.*verb="GET",.*le="0.2"\} 1$/m);
  expect(text).toMatch(/sli_duration_seconds_bucket\{.*verb="GET",.*le="0.05"\} 1$/m);
  expect(text).toMatch(/^apiserver_response_sizes_sum\{.*verb="GET",version="v1"\} 2000$/m);
  expect(text).not.toMatch(/^apiserver_response_sizes_sum\{.*verb="DELETE"/m);
  expect(text).toMatch(/^apiserver_longrunning_requests\{.*verb="WATCH",version="v1"\} 1$/m);
  leave();
  expect(metrics.lines(0).join("\n")).toMatch(/^apiserver_longrunning_requests\{.*\} 0$/m);
});

test("the page counts what is stored, each object once", async () => {
  await using cluster = await openCluster();
  const outlet = {
    begin: () => undefined,
    write: () => undefined,
    waitingBytes: 0,
    end: () => undefined,
    destroy: () => undefined,
  };
  const { metricsPage } = await import("./metrics-page.ts");
  const { labels } = await handle(cluster.server, requestOf("GET", "/version"), outlet);
  expect(labels.verb).toBe("GET");
  const page = await metricsPage(cluster.server);
  expect(page).toMatch(/^apiserver_resource_objects\{group="",resource="namespaces"\} 4$/m);
  expect(page).toMatch(/^apiserver_storage_objects\{resource="deployments.apps"\} 0$/m);
  expect(page).not.toContain('group="events.k8s.io"');
  expect(page).not.toContain("componentstatuses");
  const names = ["namespaces", "horizontalpodautoscalers", "events"];
  for (const name of names) expect(page.split(`,resource="${name}"} `)).toHaveLength(2);
  expect(page).toMatch(/^process_cpu_seconds_total [\d.]+$/m);
  expect(page).toMatch(/^process_open_fds [1-9]\d*$/m);
  const lines = page.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  for (const line of lines) {
    expect(line).toMatch(/^[a-z_]+(?:\{(?:[a-z_]+="[^"\n]*",?)+\})? -?[\d.]+(?:e[+-]?\d+)?$/);
  }
});
