/** Two looks at what pods use become rows of a table, or documents. Pure. */
import type { PodUsage } from "@rkt/stage0";
import { formatBytes } from "@shared/base";

/** A pod or an app that the first look did not see has used nothing before. */
export interface UsageChange {
  readonly before: readonly PodUsage[];
  readonly after: readonly PodUsage[];
  readonly elapsedMs: number;
}

export const USAGE_LEGEND: readonly string[] = [
  "UUID",
  "APP",
  "CPU",
  "MEMORY",
  "LIMIT",
  "NET IN/OUT",
  "DISK READ/WRITE",
  "PIDS",
];

/** One row for each app; what is true of the whole pod stands in its first row only. */
export function usageRows(change: UsageChange): readonly string[][] {
  return change.after.flatMap((pod) =>
    pod.apps.map(({ name, usage }, at) => {
      const cpu = cpuPercent(change, pod.uuid, name);
      return [
        at === 0 ? pod.uuid.slice(0, 8) : "",
        name,
        cpu === undefined ? "--" : `${cpu.toFixed(1)}%`,
        bytesText(usage.memoryBytes),
        bytesText(usage.memoryLimitBytes),
        at === 0 ? networkText(pod) : "",
        `${bytesText(usage.readBytes)} / ${bytesText(usage.writeBytes)}`,
        String(usage.pids ?? "--"),
      ];
    }),
  );
}

/** The same as one record for each app; what the machine does not count is null. */
export function usageDocuments(change: UsageChange): unknown {
  return change.after.flatMap((pod) =>
    pod.apps.map(({ name, usage }) => ({
      pod: pod.uuid,
      app: name,
      cpu_percent: cpuPercent(change, pod.uuid, name) ?? null,
      cpu_us: usage.cpuUs ?? null,
      memory_bytes: usage.memoryBytes ?? null,
      memory_limit_bytes: usage.memoryLimitBytes ?? null,
      pids: usage.pids ?? null,
      read_bytes: usage.readBytes ?? null,
      write_bytes: usage.writeBytes ?? null,
      networks: pod.networks.map((each) => ({
        name: each.name,
        received_bytes: each.receivedBytes,
        sent_bytes: each.sentBytes,
      })),
    })),
  );
}

function cpuPercent(change: UsageChange, uuid: string, app: string): number | undefined {
  const [before, after] = [change.before, change.after].map(
    (pods) =>
      pods.find((pod) => pod.uuid === uuid)?.apps.find(({ name }) => name === app)?.usage.cpuUs,
  );
  if (after === undefined) return undefined;
  const usedUs = Math.max(0, after - (before ?? 0));
  return Math.round(usedUs / Math.max(1, change.elapsedMs)) / 10;
}

function networkText({ networks }: PodUsage): string {
  if (networks.length === 0) return "--";
  const total = (of: (each: PodUsage["networks"][number]) => number): string =>
    formatBytes(networks.reduce((all, each) => all + of(each), 0));
  return `${total((each) => each.receivedBytes)} / ${total((each) => each.sentBytes)}`;
}

function bytesText(bytes: number | undefined): string {
  return bytes === undefined ? "--" : formatBytes(bytes);
}
