/**
 * One test file = one feature: what it needs of the machine, a world for all its tests, and nothing
 * left at the end.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { hasBusybox } from "../fixtures/busybox.ts";
import { PATIENCE } from "../fixtures/patience.ts";
import type { MachineOptions } from "./machine.ts";
import { RKT, startWorld, type World } from "./world.ts";

/** Programs that every feature needs; the value is the Debian package. */
const ALWAYS: Readonly<Record<string, string>> = {
  crun: "crun",
  unshare: "util-linux",
  ip: "iproute2",
  iptables: "iptables",
  nft: "nftables",
  ps: "procps",
  catatonit: "catatonit",
};

export interface FeatureOptions extends MachineOptions {
  /** Further programs, with their Debian packages. */
  readonly programs?: Readonly<Record<string, string>>;
  /** Another reason why this machine cannot run it. */
  readonly lacks?: string | undefined;
}

/** Describes a feature; `body` gets the world, which exists only inside of tests and hooks. */
export function feature(
  name: string,
  options: FeatureOptions,
  body: (world: () => World) => void,
): void {
  setDefaultTimeout(90_000 * PATIENCE);
  const reason = lacking(options);
  if (reason !== undefined) {
    test.skip(`${name}: skipped, ${reason}`, () => {});
    return;
  }
  describe(name, () => {
    let world: World | undefined;
    const here = (): World => {
      if (world === undefined) throw new Error("the world exists only while tests run");
      return world;
    };
    beforeAll(async () => {
      world = await startWorld(options);
    });
    afterAll(async () => {
      await world?.[Symbol.asyncDispose]();
    });
    body(here);
    test("at the end nothing is left on the machine", async () => {
      expect(await here().residue()).toEqual([]);
    });
  });
}

function lacking(options: FeatureOptions): string | undefined {
  if (process.getuid?.() !== 0) return "it needs root";
  if (!existsSync(RKT)) return `${RKT} is not built: npm run build`;
  if (!hasBusybox()) return "it needs /bin/busybox (Debian: busybox-static)";
  const programs = Object.entries({ ...ALWAYS, ...options.programs });
  const missing = programs.find(([program]) => Bun.which(program, { PATH: SEARCH }) === null);
  if (missing !== undefined) return `it needs ${missing[0]} (Debian: ${missing[1]})`;
  return options.lacks;
}

const SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
