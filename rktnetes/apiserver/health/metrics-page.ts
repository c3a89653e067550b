/** The page `/metrics`. In: a server. Out: text in the form of Prometheus. */
import { readdirSync, readFileSync } from "node:fs";
import { cpuUsage, memoryUsage, uptime } from "node:process";
import type { ApiServer } from "../api-server.ts";
import { flowMetrics } from "../fairness/flow-counts.ts";
import { versionDocument } from "../version.ts";

export async function metricsPage(server: ApiServer): Promise<string> {
  const now = server.host.clock.now();
  const { fairness } = server;
  const lines = [
    ...server.metrics.lines(now),
    ...(await server.objectCounts.lines()),
    ...flowMetrics(fairness.counts.all(), fairness.seatsOfLevels()),
    ...buildLines(),
    ...processLines(now),
  ];
  return `${lines.join("\n")}\n`;
}

function buildLines(): string[] {
  const { major, minor, gitVersion, gitCommit, gitTreeState, buildDate, ...rest } =
    versionDocument();
  const labels = {
    build_date: buildDate,
    compiler: rest["compiler"],
    git_commit: gitCommit,
    git_tree_state: gitTreeState,
    git_version: gitVersion,
    go_version: rest["goVersion"],
    major,
    minor,
    platform: rest["platform"],
  };
  const text = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return ["# TYPE kubernetes_build_info gauge", `kubernetes_build_info{${text.join(",")}} 1`];
}

const PAGE_BYTES = 4096;

function processLines(nowMs: number): string[] {
  const { user, system } = cpuUsage();
  const [pages = "0"] = readFileSync("/proc/self/statm", "utf8").split(" ");
  const limits = readFileSync("/proc/self/limits", "utf8");
  const [, openMax = "0"] = /^Max open files +(\d+)/m.exec(limits) ?? [];
  return [
    "# TYPE process_cpu_seconds_total counter",
    `process_cpu_seconds_total ${(user + system) / 1e6}`,
    "# TYPE process_max_fds gauge",
    `process_max_fds ${openMax}`,
    "# TYPE process_open_fds gauge",
    `process_open_fds ${readdirSync("/proc/self/fd").length}`,
    "# TYPE process_resident_memory_bytes gauge",
    `process_resident_memory_bytes ${memoryUsage().rss}`,
    "# TYPE process_start_time_seconds gauge",
    `process_start_time_seconds ${nowMs / 1000 - uptime()}`,
    "# TYPE process_virtual_memory_bytes gauge",
    `process_virtual_memory_bytes ${Number(pages) * PAGE_BYTES}`,
  ];
}
