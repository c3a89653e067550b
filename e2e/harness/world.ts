/**
 * What a test file works in: a machine of its own, a data directory, a configuration directory, and
 * `rkt` as a person would type it there. Drives only the built executable; imports nothing of the
 * program under test.
 */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type AciOptions, IMAGE_NAME, writeAci } from "../fixtures/aci.ts";
import type { Finished, RunOptions } from "../fixtures/process.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";
import { type Background, startInBackground } from "./background.ts";
import { type Inventory, inventoryDifference, takeInventory } from "./inventory.ts";
import { type Machine, type MachineOptions, startMachine } from "./machine.ts";

/** The executable as `npm run build` leaves it. */
export const RKT: string = join(import.meta.dir, "../../dist/rkt");

export interface World extends AsyncDisposable {
  readonly machine: Machine;
  /** For files of the test. */
  readonly directory: string;
  /** `--dir` */
  readonly data: string;
  /** `--local-config` */
  readonly config: string;
  /** Runs `rkt <arguments>` to its end; with `as`, under other words such as `env X=1`. */
  rkt(argv: readonly string[], options?: RktOptions): Promise<Finished>;
  /** Starts `rkt <arguments>` and goes on. */
  start(argv: readonly string[], options?: RktOptions): Promise<Background>;
  /** Writes an ACI and stores it without a signature; returns its name. */
  store(options?: AciOptions): Promise<string>;
  /** Runs a shell script as the only app of a pod without network. */
  script(script: string, argv?: readonly string[]): Promise<Finished>;
  /** UUIDs in the data directory, or in another one, now. */
  pods(data?: string): string[];
  /** Collects every pod, then compares with the beginning: `[]` when nothing was left. */
  residue(): Promise<string[]>;
}

export interface RktOptions extends RunOptions {
  /** Words before the executable, such as `setpriv --reuid=nobody`. */
  readonly as?: readonly string[];
  /** Instead of the world's own. */
  readonly data?: string;
}

export async function startWorld(options: MachineOptions = {}): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const temporary = stack.use(temporaryDirectory("e2e"));
  const machine = stack.use(await startMachine(options));
  const [data, config, system] = ["data", "local", "system"].map((name) =>
    join(temporary.path, name),
  ) as [string, string, string];
  for (const each of [data, config, system]) mkdirSync(each);
  const seen = new Set<string>();
  const note = (where: string): void => podsIn(where).forEach((uuid) => seen.add(uuid));
  const command = (
    argv: readonly string[],
    { as = [], data: other = data }: RktOptions,
  ): string[] => [
    ...as,
    RKT,
    `--dir=${other}`,
    `--local-config=${config}`,
    `--system-config=${system}`,
    ...argv,
  ];
  const rkt = async (argv: readonly string[], each: RktOptions = {}): Promise<Finished> => {
    const finished = await machine.run(command(argv, each), each);
    note(each.data ?? data);
    return finished;
  };
  const before: Inventory = await takeInventory(machine, []);
  const done = stack.move();
  return {
    machine,
    directory: temporary.path,
    data,
    config,
    rkt,
    start: (argv, each = {}) => startInBackground(machine, command(argv, each), each),
    store: async (image = {}) => {
      const path = writeAci(temporary.path, "stored.aci", image);
      const { status, stderr } = await rkt(["fetch", "--insecure-options=image", path]);
      if (status !== 0) throw new Error(`store a test image: ${stderr}`);
      return image.name ?? IMAGE_NAME;
    },
    script: (script, argv = []) =>
      rkt(["run", "--net=none", ...argv, IMAGE_NAME, "--exec=/bin/sh", "--", "-c", script]),
    pods: (other = data) => podsIn(other),
    residue: async () => {
      note(data);
      await rkt(["gc", "--grace-period=0s", "--expire-prepared=0s"]);
      return settled(async () => [
        ...podsIn(data).map((uuid) => `+ pod directory ${uuid}`),
        ...inventoryDifference(before, await takeInventory(machine, seen)),
      ]);
    },
    [Symbol.asyncDispose]: () => done.disposeAsync(),
  };
}

function podsIn(data: string): string[] {
  return ["embryo", "prepare", "prepared", "run", "exited-garbage", "garbage"].flatMap((phase) => {
    try {
      return readdirSync(join(data, "pods", phase));
    } catch {
      return []; // no pod was ever in that phase
    }
  });
}

/** The kernel removes links and empty control groups a little after the process that had them. */
async function settled(look: () => Promise<string[]>): Promise<string[]> {
  for (let attempt = 0; ; attempt++) {
    const found = await look();
    if (found.length === 0 || attempt === 20) return found;
    await Bun.sleep(100);
  }
}
