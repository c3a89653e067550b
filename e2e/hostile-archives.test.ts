/**
 * Archives that mean harm: one line that says why, status 254, in bounded time and memory, and
 * nothing stays in the store or appears outside of it.
 */
import { expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HOSTILE_ARCHIVES, type HostileArchive } from "./fixtures/hostile/archives.ts";
import { imageOf } from "./fixtures/hostile/image.ts";
import { writeLayout } from "./fixtures/oci.ts";
import { expectEmptyStore, refused } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";
import { measuring, readMemory } from "./harness/measure.ts";
import type { World } from "./harness/world.ts";

const TOO_LONG_MS = 30_000;
const TOO_MUCH_MB = 300;
/** A message is for a person: not for a terminal to be flooded. */
const LINE_MAX = 1500;

feature("a hostile archive", {}, (world) => {
  for (const hostile of HOSTILE_ARCHIVES) {
    test(`${hostile.form}: ${hostile.name}`, async () => {
      const here = world();
      const [data, note] = [join(here.directory, "data"), join(here.directory, "memory.json")];
      const argv = ["fetch", "--insecure-options=image", written(here, hostile)];
      const finished = await here.rkt(argv, { data, as: measuring(note), timeoutMs: TOO_LONG_MS });
      const line = refused(finished);
      expect(line).toMatch(hostile.says);
      expect(line.length).toBeLessThan(LINE_MAX);
      expect(line).toMatch(/^[^\p{Cc}]*$/u);
      const { togetherMB, largestMB } = readMemory(note);
      expect(Math.max(togetherMB, largestMB)).toBeLessThan(TOO_MUCH_MB);
      await expectEmptyStore(here, data);
      expect(await here.machine.shell(`ls ${here.directory} | grep escaped || :`)).toBe("");
      rmSync(data, { recursive: true, force: true });
    });
  }
});

/** The reference that a person would type for it. */
function written({ directory }: World, { form, bytes }: HostileArchive): string {
  if (form === "layer") return `oci:${writeLayout(join(directory, "layout"), imageOf(bytes()))}`;
  const path = join(directory, "hostile.aci");
  writeFileSync(path, bytes());
  return path;
}
