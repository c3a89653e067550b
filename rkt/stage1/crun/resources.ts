/**
 * Isolators as the limits that the runtime is told, for one app or, by the files of its control
 * group, for a whole pod. Pure.
 *
 * @see OCI runtime-spec, config-linux.md "Control groups"
 */
import type { IsolatorSet, RuntimeDeviceRule, RuntimeResources } from "@rkt/spec";

/** What limits are made of. */
export interface ResourceInput {
  readonly isolators: IsolatorSet;
  /** Controllers that this machine has: a limit without its controller is left out. */
  readonly controllers: readonly string[];
  readonly deviceRules: readonly RuntimeDeviceRule[];
  /** Disks of this machine, needed where block I/O is limited. */
  readonly disks: readonly Disk[];
}

/** A disk by its device number. */
export interface Disk {
  readonly major: number;
  readonly minor: number;
}

/** The period of cpu quotas, in microseconds; the kernel's own default. */
const CPU_PERIOD_US = 100_000;

export function resourcesOf(input: ResourceInput): RuntimeResources {
  const { isolators, controllers, deviceRules } = input;
  const { memoryLimitBytes, cpuShares, cpuset, pidsLimit } = isolators;
  const has = (...names: readonly string[]): boolean =>
    names.some((name) => controllers.includes(name));
  const quota = quotaUs(isolators);
  const cpu = {
    ...(has("cpu") && quota !== undefined && { quota, period: CPU_PERIOD_US }),
    ...(has("cpu") && cpuShares !== undefined && { shares: cpuShares }),
    ...(has("cpuset") && cpuset !== undefined && { cpus: cpuset }),
  };
  const blockIO = has("blkio", "io") ? throttles(input) : {};
  return {
    ...(has("memory") && memoryLimitBytes !== undefined && { memory: { limit: memoryLimitBytes } }),
    ...(has("pids") && pidsLimit !== undefined && { pids: { limit: pidsLimit } }),
    ...(Object.keys(cpu).length > 0 && { cpu }),
    ...(Object.keys(blockIO).length > 0 && { blockIO }),
    ...(deviceRules.length > 0 && {
      devices: [{ allow: false, access: "rwm" }, ...deviceRules],
    }),
  };
}

function quotaUs({ cpuLimitMilli }: IsolatorSet): number | undefined {
  return cpuLimitMilli === undefined
    ? undefined
    : Math.max(1000, cpuLimitMilli * (CPU_PERIOD_US / 1000));
}

function throttles({ isolators, disks }: ResourceInput): NonNullable<RuntimeResources["blockIO"]> {
  const { blockBandwidthBytes: bytes = 0, blockOperations: operations = 0 } = isolators;
  const each = (rate: number): readonly (Disk & { rate: number })[] =>
    disks.map((disk) => ({ ...disk, rate }));
  return {
    ...(bytes > 0 && {
      throttleReadBpsDevice: each(bytes),
      throttleWriteBpsDevice: each(bytes),
    }),
    ...(operations > 0 && {
      throttleReadIOPSDevice: each(operations),
      throttleWriteIOPSDevice: each(operations),
    }),
  };
}

/** The limits that this machine cannot enforce, as words for a warning. */
export function unenforceable(
  isolators: IsolatorSet,
  controllers: readonly string[],
): readonly string[] {
  const block = isolators.blockBandwidthBytes || isolators.blockOperations || undefined;
  const wanted = [
    ["memory", isolators.memoryLimitBytes],
    ["cpu", isolators.cpuLimitMilli ?? isolators.cpuShares],
    ["pids", isolators.pidsLimit],
    ["cpuset", isolators.cpuset],
    [controllers.includes("io") ? "io" : "blkio", block],
  ] as const;
  return wanted.flatMap(([controller, value]) =>
    value !== undefined && !controllers.includes(controller) ? [controller] : [],
  );
}

/** One value of a control group. */
export interface GroupFile {
  readonly controller: string;
  readonly file: string;
  readonly value: string;
}

/** The limits of a whole pod as files of its control group, in the order in which to write them. */
export function podGroupFiles(
  isolators: IsolatorSet,
  layout: "unified" | "legacy",
  disks: readonly Disk[],
): readonly GroupFile[] {
  return layout === "unified" ? unifiedFiles(isolators, disks) : legacyFiles(isolators, disks);
}

function unifiedFiles(isolators: IsolatorSet, disks: readonly Disk[]): GroupFile[] {
  const quota = quotaUs(isolators);
  const { memoryLimitBytes, cpuShares, pidsLimit, blockBandwidthBytes, blockOperations } =
    isolators;
  const rates = [
    ...(blockBandwidthBytes ? [`rbps=${blockBandwidthBytes} wbps=${blockBandwidthBytes}`] : []),
    ...(blockOperations ? [`riops=${blockOperations} wiops=${blockOperations}`] : []),
  ].join(" ");
  return files([
    ["memory", "memory.max", memoryLimitBytes],
    ["cpu", "cpu.max", quota === undefined ? undefined : `${quota} ${CPU_PERIOD_US}`],
    ["cpu", "cpu.weight", cpuShares === undefined ? undefined : weightOf(cpuShares)],
    ["pids", "pids.max", pidsLimit],
    ...disks.map(
      ({ major, minor }) =>
        ["io", "io.max", rates === "" ? undefined : `${major}:${minor} ${rates}`] as const,
    ),
  ]);
}

/** Shares from 2 to 262144 as a weight from 1 to 10000, as runtimes reckon. */
function weightOf(shares: number): number {
  return Math.floor(1 + ((shares - 2) * 9999) / 262_142);
}

function legacyFiles(isolators: IsolatorSet, disks: readonly Disk[]): GroupFile[] {
  const quota = quotaUs(isolators);
  const rate = (value: number | undefined, { major, minor }: Disk): string | undefined =>
    value ? `${major}:${minor} ${value}` : undefined;
  return files([
    ["memory", "memory.limit_in_bytes", isolators.memoryLimitBytes],
    ["cpu", "cpu.cfs_period_us", quota === undefined ? undefined : CPU_PERIOD_US],
    ["cpu", "cpu.cfs_quota_us", quota],
    ["cpu", "cpu.shares", isolators.cpuShares],
    ["pids", "pids.max", isolators.pidsLimit],
    ...disks.flatMap((disk) => {
      const bytes = rate(isolators.blockBandwidthBytes, disk);
      const operations = rate(isolators.blockOperations, disk);
      return [
        ["blkio", "blkio.throttle.read_bps_device", bytes],
        ["blkio", "blkio.throttle.write_bps_device", bytes],
        ["blkio", "blkio.throttle.read_iops_device", operations],
        ["blkio", "blkio.throttle.write_iops_device", operations],
      ] as const;
    }),
  ]);
}

function files(
  rows: readonly (readonly [string, string, string | number | undefined])[],
): GroupFile[] {
  return rows.flatMap(([controller, file, value]) =>
    value === undefined ? [] : [{ controller, file, value: String(value) }],
  );
}
