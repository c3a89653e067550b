import { afterEach, describe, expect, test } from "bun:test";
import process from "node:process";
import { PodSignals } from "./signals.ts";

let signals: PodSignals | undefined;
afterEach(() => signals?.[Symbol.dispose]());

async function raise(signal: NodeJS.Signals): Promise<void> {
  const seen = new Promise<void>((resolve) => process.once(signal, () => resolve()));
  process.kill(process.pid, signal);
  await seen;
}

describe("PodSignals", () => {
  test("keeps what comes early, in order, and then passes on at once", async () => {
    signals = new PodSignals();
    const seen: string[] = [];
    await raise("SIGUSR1");
    await raise("SIGTERM");
    expect(signals.earlyEnd).toBe("SIGTERM");
    signals.deliverTo({
      end: (signal) => seen.push(`end ${signal}`),
      pass: (signal) => seen.push(`pass ${signal}`),
    });
    expect(seen).toEqual(["pass SIGUSR1", "end SIGTERM"]);
    await raise("SIGUSR2");
    expect(seen.at(-1)).toBe("pass SIGUSR2");
  });

  test("a signal that ends nothing is no early end", async () => {
    signals = new PodSignals();
    await raise("SIGHUP");
    expect(signals.earlyEnd).toBeUndefined();
  });
});
