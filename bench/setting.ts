/**
 * Where the figures are measured: rkt and podman side by side, each with a data directory of its
 * own and the same small image, both as a person would call them. Disposing removes both.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { busyboxOci, must, run, temporaryDirectory, writeLayout } from "@e2e/rkt";

const RKT = join(import.meta.dir, "../dist/rkt");

/** podman gets limits that every machine allows; its defaults need more than some machines have. */
const LIMITS = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=4096:4096"];

export interface Setting extends AsyncDisposable {
  /** `rkt` with its directories; the words of a command line come after it. */
  readonly rkt: readonly string[];
  readonly podman: readonly string[];
  /** Argument vectors that run `argv` in the image and wait for it. */
  rktRun(net: "none" | "default", argv: readonly string[]): string[];
  podmanRun(net: "none" | "default", argv: readonly string[]): string[];
  /** `podman run --rm` without `--rm`: the container stays. */
  podmanKeep(argv: readonly string[]): string[];
}

/** Makes both sides ready: the image is in both stores, both have run once. */
export async function createSetting(): Promise<Setting> {
  const directory = temporaryDirectory("bench");
  const at = (name: string): string => join(directory.path, name);
  mkdirSync(at("rkt"));
  const rkt = [RKT, `--dir=${at("rkt")}`, `--local-config=${at("etc")}`];
  const podman = podmanIn(directory.path, await fittingRuntime());
  const layout = writeLayout(at("layout"), busyboxOci());
  await must([...rkt, "fetch", "--insecure-options=image", `oci:${layout}`]);
  await must([...podman, "pull", "--quiet", `oci:${layout}`]);
  const imageId = (await must([...podman, "images", "--quiet"])).trim();
  const network = { none: ["--network=none"], default: [] } as const;
  return {
    rkt,
    podman,
    rktRun: (net, [program = "", ...words]) => [
      ...[...rkt, "run", "--insecure-options=image", `--net=${net}`, `oci:${layout}`],
      ...[`--exec=${program}`, "--", ...words],
    ],
    podmanRun: (net, argv) => [
      ...[...podman, "run", "--rm", ...LIMITS, ...network[net], imageId, ...argv],
    ],
    podmanKeep: (argv) => [...podman, "run", ...LIMITS, "--network=none", imageId, ...argv],
    [Symbol.asyncDispose]: async () => {
      await run([...podman, "rm", "--all", "--force", "--time=0"]);
      await run([...rkt, "gc", "--grace-period=0s"]);
      directory[Symbol.dispose]();
    },
  };
}

function podmanIn(directory: string, runtime: string): string[] {
  return [
    ...["podman", "--root", join(directory, "podman/root"), "--storage-driver=overlay"],
    ...["--runroot", join(directory, "podman/run"), "--tmpdir", join(directory, "podman/tmp")],
    ...["--runtime", runtime, "--cgroup-manager=cgroupfs"],
  ];
}

/** crun is podman's own choice, but it refuses hybrid control groups; runc takes them. */
async function fittingRuntime(): Promise<string> {
  const { stdout } = await run(["findmnt", "--noheadings", "--types=cgroup", "--output=TARGET"]);
  return stdout.trim() === "" ? "crun" : "runc";
}
