/**
 * SIGKILL at every named instant of fetch, image verify and image rm: the next command
 * tells the truth, the same command works again, and `rkt gc` leaves nothing of it on the machine.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME, writeAci } from "./fixtures/aci.ts";
import { busyboxOci, writeLayout } from "./fixtures/oci.ts";
import type { Finished } from "./fixtures/process.ts";
import { type Registry, startRegistry } from "./fixtures/registry.ts";
import { expectEmptyStore, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const NEEDED = { "docker-registry": "docker-registry" };
const PLUGINS = existsSync("/usr/lib/cni/ptp")
  ? undefined
  : "it needs the CNI plugins (Debian: containernetworking-plugins)";

const SOURCE = join(import.meta.dir, "../shared/base/crash-point.ts");
/** Those of pods have a file of their own. */
const POINTS = [
  ...readFileSync(SOURCE, "utf8").matchAll(/^ {2}"((fetch|image)-[a-z0-9-]+)",/gm),
].map(([, name = ""]) => name);

/** Points of fetch are met on both ways in: from a registry and from an archive. */
const CASES = POINTS.flatMap((point) =>
  point.startsWith("fetch-")
    ? [{ point, from: "registry" } as const, { point, from: "archive" } as const]
    : [{ point, from: "archive" } as const],
);

test("each point belongs to a command", () => {
  const known = /^(fetch|image-rm|image-verify)-/;
  for (const point of POINTS) expect(point).toMatch(known);
});

feature("SIGKILL at", { programs: NEEDED, lacks: PLUGINS }, (world) => {
  let registry: Registry;
  let aci = "";
  let reference = "";

  beforeAll(async () => {
    const { directory, machine } = world();
    aci = writeAci(directory, "busybox.aci");
    registry = await startRegistry({ directory, within: machine.beside });
    const layers = [[{ path: "upper", kind: "file", bytes: "x".repeat(100_000) } as const]];
    const layout = writeLayout(join(directory, "layout"), busyboxOci({ layers }));
    const push = join(import.meta.dir, "fixtures/registry.ts");
    const argv = [process.execPath, "run", push, registry.address, "test/crash", "latest", layout];
    const { status, stderr } = await machine.run(argv);
    expect(status, stderr).toBe(0);
    reference = `docker://${registry.address}/test/crash`;
  });

  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
  });

  for (const { point, from } of CASES) {
    test(`${point}${point.startsWith("fetch-") ? `, from the ${from}` : ""}`, async () => {
      const data = join(world().directory, `data-${point}-${from}`);
      const rkt = (argv: readonly string[], env = {}): Promise<Finished> =>
        world().rkt(argv, { data, env });
      const { command, prepare } = plan(point, from);
      for (const step of prepare) await rkt(step.argv, step.env);
      if (point === "image-verify-replaced") await damageLayers(data);

      const killed = await rkt(command, { RKT_CRASH_AT: point });
      expect(killed.signal, `${killed.stderr}\nstatus ${killed.status}`).toBe("SIGKILL");

      const list = succeeded(await rkt(["list", "--full", "--no-legend"]));
      expect(list).not.toContain("\trunning\t");
      const images = succeeded(await rkt(["image", "list", "--no-legend", "--fields=name"]));
      expect(images.trim().split("\n").filter(Boolean)).toEqual(imagesAfter(point, from));
      if (point === "image-verify-replaced") await expectWholeLayers(data);

      succeeded(await rkt(again(command)));
      succeeded(await rkt(["gc", "--grace-period=0s", "--expire-prepared=0s"]));
      expect(world().pods(data)).toEqual([]);
      expect(await world().residue()).toEqual([]);

      for (const name of [IMAGE_NAME, reference]) await rkt(["image", "rm", name]);
      succeeded(await rkt(["gc", "--grace-period=0s", "--expire-prepared=0s"]));
      await expectEmptyStore(world(), data);
      expect(readdirSync(join(data, "cas/tmp"))).toEqual([]);
    });
  }

  interface Step {
    readonly argv: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  }

  /** The command that meets the point, and what must have happened before. */
  function plan(
    point: string,
    from: "registry" | "archive",
  ): { command: readonly string[]; prepare: readonly Step[] } {
    const stored: Step = { argv: ["fetch", "--insecure-options=image", aci] };
    if (point.startsWith("fetch-")) {
      const image = from === "registry" ? reference : aci;
      return { command: ["fetch", "--insecure-options=image,http", image], prepare: [] };
    }
    if (point === "image-rm-recorded") {
      return { command: ["image", "rm", IMAGE_NAME], prepare: [stored] };
    }
    if (point === "image-verify-replaced") {
      return { command: ["image", "verify", IMAGE_NAME], prepare: [stored] };
    }
    throw new Error(`no command is known that meets "${point}"`);
  }

  async function damageLayers(data: string): Promise<void> {
    const script = `for layer in ${data}/cas/layers/*; do echo damage >$layer/damage; done`;
    await world().machine.shell(script);
  }

  /** At no instant a layer is gone; this one was mended just before the end. */
  async function expectWholeLayers(data: string): Promise<void> {
    const list = await world().machine.shell(`cd ${data}/cas/layers; ls; ls *`);
    expect(list).toMatch(/^sha512-[0-9a-f]{64}\n/);
    expect(list).toContain("\nbin\n");
    expect(list).not.toContain("damage");
  }

  /** What is in the store after the crash: an image is there wholly or not at all. */
  function imagesAfter(point: string, from: "registry" | "archive"): string[] {
    if (point === "image-rm-recorded") return [];
    if (!point.startsWith("fetch-")) return [`${IMAGE_NAME}:1.0.0`];
    if (point !== "fetch-image-recorded") return [];
    if (from === "archive") return [`${IMAGE_NAME}:1.0.0`];
    return [expect.stringContaining("test/crash") as string];
  }

  /**
   * The same command; an image that is gone already cannot be removed again, so it is asked for
   * nothing more.
   */
  function again(command: readonly string[]): readonly string[] {
    return command[1] === "rm" ? ["image", "list"] : command;
  }
});
