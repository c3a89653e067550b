/** How long a server may be silent: what the clock is asked for, without waiting for it. */
import { expect, test } from "bun:test";
import { describeFault } from "@shared/base";
import { httpGet } from "./http.ts";
import { newBench } from "./testdata/bench.ts";

for (const [told, patienceMs, expected] of [
  ["unless told", undefined, 30_000],
  ["as told", 700, 700],
] as const) {
  test(`a server that says nothing is given up, ${told} after ${expected} ms`, async () => {
    using bench = newBench();
    const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
    const asked: number[] = [];
    const clock = {
      ...bench.host.clock,
      sleep: async (ms: number): Promise<void> => void asked.push(ms),
    };
    const host = { ...bench.host, clock, ...(patienceMs !== undefined && { patienceMs }) };
    const url = `http://127.0.0.1:${server.port}/`;
    const failure: unknown = await httpGet(host, { url }).catch((error: unknown) => error);
    server.stop(true);
    expect(describeFault(failure)).toBe(`get "${url}": the server does not answer`);
    expect(asked).toEqual([expected]);
  });
}
