/**
 * What is above the limit: the same program in the same image, started by crun alone, which makes
 * namespaces, mounts and control groups, and knows nothing of images, pods, logs or networks.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must, run, temporaryDirectory } from "@e2e/rkt";
import type { Figure } from "../figure.ts";
import { timePair } from "../timing.ts";

/** crun's own choice of a configuration, which needs no terminal, as a container of ours is. */
async function writeBundle(directory: string): Promise<void> {
  await must(["sh", "-c", 'cd "$1" && crun spec', "sh", directory]);
  const path = join(directory, "config.json");
  const spec = JSON.parse(await Bun.file(path).text()) as Readonly<Record<string, object>>;
  const process = { ...spec["process"], terminal: false, args: ["/bin/true"] };
  writeFileSync(path, JSON.stringify({ ...spec, process }));
}

/** crun refuses hybrid control groups; the namespace of the benchmarks can do without a part. */
async function hideHybridPart(): Promise<void> {
  await run(["umount", "--lazy", "/sys/fs/cgroup/unified"]);
}

export const overCrun: Figure = {
  name: "run true, over crun alone",
  peer: "crun run (the limit)",
  unit: "ms",
  first: 60,
  aim: 25,
  measure: async ({ rkt }) => {
    using temporary = temporaryDirectory("bench-crun");
    const bundle = join(temporary.path, "bundle");
    mkdirSync(bundle);
    await writeBundle(bundle);
    const list = await must([...rkt.command, "image", "list", "--no-legend", "--fields=id"]);
    const extract = ["image", "extract", "--rootfs-only", list.split("\n")[0]?.trim() ?? ""];
    await must([...rkt.command, ...extract, join(bundle, "rootfs")]);
    await hideHybridPart();
    const crun = ["crun", `--root=${temporary.path}/state`, "--cgroup-manager=cgroupfs"];
    return await timePair({
      ours: rkt.run("none", ["/bin/true"]),
      peer: [...crun, "run", `--bundle=${bundle}`, "limit"],
      runs: 15,
      between: async () => {
        await must([...rkt.command, "gc", "--grace-period=0s"]);
      },
    });
  },
};
