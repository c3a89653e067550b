/**
 * Many pods, one after the other and all at once: a world flows in, what the machine and a pod that
 * outlives them all hold before and after flows out. The same for the small test and for
 * `npm run soak`.
 */
import { IMAGE_NAME } from "../fixtures/aci.ts";
import { eventually } from "./background.ts";
import type { World } from "./world.ts";

/** What grows when something leaks. */
export interface Holdings {
  readonly mounts: number;
  readonly links: number;
  readonly tables: number;
  readonly leases: number;
  readonly processes: number;
  readonly namespaces: number;
  /** Descriptors of the pod that outlives all others: of its supervisor. */
  readonly descriptors: number;
  /** Private memory of that supervisor in KiB. */
  readonly privateKib: number;
}

/** A command that did not do what it should. */
export interface Failure {
  readonly argv: readonly string[];
  readonly status: number | undefined;
  readonly stderr: string;
}

export interface SoakReport {
  readonly before: Holdings;
  readonly after: Holdings;
  readonly failures: readonly Failure[];
  readonly elapsedMs: number;
}

const quick = (flags: readonly string[]): string[] => ["run", ...flags, IMAGE_NAME];
const TRUE = ["--exec=/bin/true"];

/** One life of a pod in each of the ways that pods live; `rkt` fails where the status differs. */
const LIVES: readonly (readonly string[])[] = [
  [...quick([]), ...TRUE],
  [...quick(["--port=0:80"]), ...TRUE],
  [...quick(["--net=default-restricted,default"]), ...TRUE],
  [...quick(["--net=none"]), ...TRUE],
  [...quick(["--net=host"]), ...TRUE],
];

/**
 * `runs` pods in a row, every tenth killed with SIGKILL, collected now and then, beside one pod
 * that runs all the time.
 */
export async function soak(
  world: World,
  runs: number,
  progress: (done: number) => void = () => {},
): Promise<SoakReport> {
  const failures: Failure[] = [];
  const rkt = async (argv: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await world.rkt(argv);
    if (status !== 0) failures.push({ argv, status, stderr });
    return stdout;
  };
  const uuid = (await rkt(["run", "-d", IMAGE_NAME, "--exec=/bin/sleep", "--", "100000"])).trim();
  for (const life of LIVES) await rkt(life); // what is made once and stays is there from here on
  await rkt(["gc", "--grace-period=0s"]);
  const before = await holdings(world, uuid);
  const begin = performance.now();
  for (let run = 1; run <= runs; run++) {
    if (run % 10 === 0) await killOne(world);
    else await rkt(LIVES[run % LIVES.length] ?? []);
    if (run % 50 === 0 || run === runs) await rkt(["gc", "--grace-period=0s"]);
    if (run % 50 === 0) progress(run);
  }
  const elapsedMs = performance.now() - begin;
  const after = await settledHoldings(world, uuid, before);
  await rkt(["stop", uuid]);
  await eventually("the pod ends", async () =>
    (await world.rkt(["list", "--no-legend"])).stdout.includes("running") ? undefined : true,
  );
  return { before, after, failures, elapsedMs };
}

async function killOne(world: World): Promise<void> {
  const pod = await world.start(["run", IMAGE_NAME, "--exec=/bin/sleep", "--", "1000"]);
  await Bun.sleep(100); // somewhere in its beginning, or a little later
  await pod.signal("KILL").catch(() => {});
  await pod.finished;
}

/** The kernel takes links and namespaces away a little after their last process. */
async function settledHoldings(world: World, uuid: string, wanted: Holdings): Promise<Holdings> {
  for (let attempt = 0; ; attempt++) {
    const now = await holdings(world, uuid);
    if (attempt === 20 || leaks(wanted, now).length === 0) return now;
    await Bun.sleep(250);
  }
}

/** Names of what there is more of than before; memory may breathe by a megabyte. */
export function leaks(before: Holdings, after: Holdings): string[] {
  return (Object.keys(before) as (keyof Holdings)[]).filter((name) => {
    const room = name === "privateKib" ? 1024 : 0;
    return after[name] > before[name] + room;
  });
}

const COUNTS = `
wc -l </proc/1/mountinfo
ip -oneline link | wc -l
nft list tables | wc -l
find /var/lib/cni/networks -name '[0-9]*' | wc -l
ps -e -o pid= | wc -l
find /proc/[0-9]*/ns -name net -exec readlink {} + 2>/dev/null | sort -u | wc -l
`;

async function holdings(world: World, uuid: string): Promise<Holdings> {
  const numbers = (await world.machine.shell(COUNTS)).trim().split("\n").map(Number);
  const [mounts = 0, links = 0, tables = 0, leases = 0, processes = 0, namespaces = 0] = numbers;
  const pid = (await Bun.file(`${world.data}/pods/run/${uuid}/ppid`).text()).trim();
  const descriptors = Number(await world.machine.shell(`ls /proc/${pid}/fd | wc -l`));
  const memory = await world.machine.shell(`grep -E '^Private_' /proc/${pid}/smaps_rollup`);
  const kib = memory.match(/[0-9]+(?= kB)/g) ?? [];
  const privateKib = kib.reduce((sum, each) => sum + Number(each), 0);
  return { mounts, links, tables, leases, processes, namespaces, descriptors, privateKib };
}

export interface CrowdReport {
  readonly started: number;
  readonly failures: readonly Failure[];
  /** Addresses of all pods, by the list. */
  readonly addresses: readonly string[];
  readonly startMs: number;
  readonly listMs: number;
  readonly stopMs: number;
  readonly collectMs: number;
}

/** `pods` pods at once by commands at the same moment, then all stopped and collected. */
export async function crowd(world: World, pods: number): Promise<CrowdReport> {
  const failures: Failure[] = [];
  const argv = ["run", "-d", IMAGE_NAME, "--exec=/bin/sleep", "--", "100000"];
  const timed = async <T>(action: () => Promise<T>): Promise<[T, number]> => {
    const begin = performance.now();
    return [await action(), performance.now() - begin];
  };
  const [results, startMs] = await timed(() =>
    Promise.all(Array.from({ length: pods }, () => world.rkt(argv))),
  );
  for (const { status, stderr } of results)
    if (status !== 0) failures.push({ argv, status, stderr });
  const [list, listMs] = await timed(() => world.rkt(["list", "--no-legend"]));
  const addresses = [...list.stdout.matchAll(/default:ip4=([0-9.]+)/g)].map(([, ip = ""]) => ip);
  const [stopped, stopMs] = await timed(() => world.rkt(["stop", "--force", ...world.pods()]));
  if (stopped.status !== 0) {
    failures.push({ argv: ["stop"], status: stopped.status, stderr: stopped.stderr });
  }
  await eventually("all pods have ended", async () =>
    (await world.rkt(["list", "--no-legend"])).stdout.includes("running") ? undefined : true,
  );
  const [gone, collectMs] = await timed(() => world.rkt(["gc", "--grace-period=0s"]));
  if (gone.status !== 0) failures.push({ argv: ["gc"], status: gone.status, stderr: gone.stderr });
  const started = results.length - failures.length;
  return { started, failures, addresses, startMs, listMs, stopMs, collectMs };
}
