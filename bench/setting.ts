/**
 * Where the figures are measured: rkt and podman side by side, each with a data directory of its
 * own and the same small image, both as a person would call them. Disposing removes all of it.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { busyboxOci, must, pushImage, run, startRegistry, temporaryDirectory } from "@e2e/rkt";

const RKT = join(import.meta.dir, "../dist/rkt");

/** podman gets limits that every machine allows; its defaults need more than some machines have. */
const LIMITS = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=4096:4096"];

export type Net = "none" | "default";

/** One of the engines with its own store. */
export interface Engine {
  /** Program and directories; the words of a command line come after it. */
  readonly command: readonly string[];
  /** The argument vector that runs `argv` in the image and waits for it. */
  run(net: Net, argv: readonly string[]): string[];
}

export interface Setting extends AsyncDisposable {
  readonly rkt: Engine;
  /** rkt again, for the figures that need many exited pods. */
  readonly crowded: Engine;
  /** Removes its container at the end of each run. */
  readonly podman: Engine;
  /** Keeps its containers. */
  readonly podmanKeeping: Engine;
}

/** Makes all sides ready: each has fetched the image from the same registry. */
export async function createSetting(): Promise<Setting> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(temporaryDirectory("bench"));
  await using registry = await startRegistry({ directory: path }); // only for the fetches below
  await pushImage(registry.address, "busybox", "latest", busyboxOci());
  const image = `${registry.address}/busybox:latest`;
  const rkts = await Promise.all(["rkt", "crowded"].map((name) => rktIn(join(path, name), image)));
  const podman = await podmanIn(join(path, "podman"), image);
  stack.defer(async () => {
    await run([...podman, "rm", "--all", "--force", "--time=0"]);
    await run([...podman, "rmi", "--all", "--force"]);
    for (const { command } of rkts) await run([...command, "gc", "--grace-period=0s"]);
  });
  const [rkt, crowded] = rkts as [Engine, Engine];
  const done = stack.move();
  return {
    rkt,
    crowded,
    podman: podmanEngine(podman, ["--rm", image]),
    podmanKeeping: podmanEngine(podman, [image]),
    [Symbol.asyncDispose]: () => done.disposeAsync(),
  };
}

async function rktIn(directory: string, image: string): Promise<Engine> {
  mkdirSync(directory);
  const command = [RKT, `--dir=${directory}`, `--local-config=${directory}/none`];
  await must([...command, "fetch", "--insecure-options=image,http", `docker://${image}`]);
  return {
    command,
    run: (net, [program = "", ...words]) => [
      ...[...command, "run", "--insecure-options=image", `--net=${net}`, `docker://${image}`],
      ...[`--exec=${program}`, "--", ...words],
    ],
  };
}

async function podmanIn(directory: string, image: string): Promise<readonly string[]> {
  const command = [
    ...["podman", "--root", join(directory, "root"), "--storage-driver=overlay"],
    ...["--runroot", join(directory, "run"), "--tmpdir", join(directory, "tmp")],
    ...["--runtime", await fittingRuntime(), "--cgroup-manager=cgroupfs"],
  ];
  await must([...command, "pull", "--quiet", "--tls-verify=false", image]);
  return command;
}

function podmanEngine(command: readonly string[], [...words]: readonly string[]): Engine {
  const image = words.pop() ?? "";
  const network = { none: ["--network=none"], default: [] } as const;
  return {
    command,
    run: (net, argv) => [
      ...[...command, "run", ...words, ...LIMITS, ...network[net], image, ...argv],
    ],
  };
}

/** crun is podman's own choice, but it refuses hybrid control groups; runc takes them. */
async function fittingRuntime(): Promise<string> {
  const { stdout } = await run(["findmnt", "--noheadings", "--types=cgroup", "--output=TARGET"]);
  return stdout.trim() === "" ? "crun" : "runc";
}
