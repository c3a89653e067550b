/**
 * `npm run bench`: every figure beside its peer in the same run, one table with the budgets; the
 * ratios count, not the milliseconds of this machine.
 *
 * In: the built executable and podman; an argument leaves only the figures that have it in their
 * name. Out: a table on standard output. Measures inside mount and network namespaces of its own,
 * so that neither side leaves a link or a mount on the machine. Never part of the tests.
 */
import { join } from "node:path";
import type { Figure, Measured } from "./figure.ts";
import { overCrun } from "./figures/crun-alone.ts";
import { collectExited, listExited, runBesideExited } from "./figures/exited-pods.ts";
import { diskBesidePodman, diskBesideSquashed } from "./figures/image-disk.ts";
import { fetchMemory, fetchOfAll, fetchOfSister, sisterBesideAll } from "./figures/image-fetch.ts";
import { signatureCheck } from "./figures/image-signature.ts";
import { idleMemory } from "./figures/idle-memory.ts";
import { runOnDefaultNetwork, runWithoutNetwork } from "./figures/run.ts";
import { version } from "./figures/version.ts";
import { createSetting } from "./setting.ts";

const ROOT = join(import.meta.dir, "..");

/**
 * In the order of the table; those that keep the disk busy for long behind the others, and the one
 * that changes the mounts of the rest last.
 */
const FIGURES: readonly Figure[] = [
  version,
  runWithoutNetwork,
  runOnDefaultNetwork,
  idleMemory,
  runBesideExited,
  listExited,
  collectExited,
  fetchOfAll,
  fetchOfSister,
  sisterBesideAll,
  fetchMemory,
  signatureCheck,
  diskBesidePodman,
  diskBesideSquashed,
  overCrun,
];

const WIDTHS = [34, 26, 10, 10, 7, 9, 9] as const;

function row(...cells: string[]): void {
  const padded = cells.map((cell, n) => {
    const width = WIDTHS[n] ?? 0;
    return n < 2 ? cell.padEnd(width) : cell.padStart(width);
  });
  console.log(padded.join(" "));
}

function line(figure: Figure, { ours, peer }: Measured): void {
  const ratio = ours / peer;
  const isRatio = figure.unit.startsWith("ratio");
  const judged = isRatio ? ratio : ours;
  const unit = figure.unit.endsWith("MB") ? "MB" : "ms";
  const shown = (value: number): string =>
    `${value.toFixed(unit === "MB" || value < 100 ? 1 : 0)} ${unit}`;
  const budget = (value: number): string => (isRatio ? `x ${value}` : `${value} ${unit}`);
  const mark = (value: number): string => `${judged <= value ? "ok" : "--"} ${budget(value)}`;
  row(
    ...[figure.name, figure.peer, shown(ours), shown(peer), `x ${ratio.toFixed(2)}`],
    ...[mark(figure.first), mark(figure.aim)],
  );
}

async function measureAll(): Promise<void> {
  await using setting = await createSetting();
  row("figure", "peer", "ours", "peer's", "ratio", "first", "aim");
  const wanted = process.argv[3] ?? "";
  for (const figure of FIGURES.filter(({ name }) => name.includes(wanted)))
    line(figure, await figure.measure(setting));
  console.log(
    "medians of alternating runs; rkt run leaves its pod for rkt gc, podman --rm removes it",
  );
}

/** Installs the peers, builds, and starts this file again inside of new namespaces. */
function startInside(): number {
  const inside = `ip link set lo up; exec "$@"`;
  const steps = [
    ["sh", join(ROOT, "tools/setup/setup.sh"), "bench"],
    [process.execPath, "run", join(ROOT, "tools/build/build.ts")],
    [
      ...["unshare", "--mount", "--net", "--propagation=private", "sh", "-c", inside, "sh"],
      ...[process.execPath, "run", import.meta.path, "inside", ...process.argv.slice(2)],
    ],
  ];
  for (const argv of steps) {
    const { exitCode } = Bun.spawnSync(argv, { stdio: ["ignore", "inherit", "inherit"] });
    if (exitCode !== 0) return exitCode;
  }
  return 0;
}

if (process.argv[2] === "inside") await measureAll();
else process.exitCode = startInside();
