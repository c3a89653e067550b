/** Clients that ask for what is to come, and nobody waits for it here. */
import { expect, test } from "bun:test";
import { type Clock, Fault, systemClock } from "@shared/base";
import { openCluster } from "../testing/cluster.ts";
import { waitFor } from "./list.ts";

const WAIT_MS = 3000;

test.each(["9007199254740993", "18446744073709551615"])(
  "%s is said as it came",
  async (version) => {
    const clock: Clock = {
      ...systemClock,
      sleep: (ms, signal) => systemClock.sleep(ms === WAIT_MS ? 0 : ms, signal),
    };
    await using cluster = await openCluster(clock);
    const fault = await waitFor(cluster.registry, version).catch((error: unknown) =>
      Fault.from(error),
    );
    expect(fault?.message).toStartWith(
      `Timeout: Too large resource version: ${version}, current: `,
    );
  },
);
