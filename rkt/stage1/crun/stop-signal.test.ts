import { expect, test } from "bun:test";
import { type AnySignal, parseSignal, stopSignalOf } from "./stop-signal.ts";

const texts: readonly [text: string, signal: AnySignal | undefined][] = [
  ["SIGINT", "SIGINT"],
  ["quit", "SIGQUIT"],
  ["3", 3],
  ["SIGRTMIN+3", 37],
  ["RTMAX-2", 62],
  ["SIGRTMIN", 34],
  ["0", undefined],
  ["65", undefined],
  ["SIGRTMAX+1", undefined],
  ["SIGNOTHING", undefined],
  ["", undefined],
];
for (const [text, signal] of texts) {
  test(`${JSON.stringify(text)} is ${signal ?? "no signal"}`, () => {
    expect(parseSignal(text)).toEqual(signal as AnySignal);
  });
}

test("an app without the annotation, or with a wrong one, is asked by SIGTERM", () => {
  const annotated = (value: string) => [{ name: "appc.io/docker/stopsignal", value }];
  expect(stopSignalOf({})).toBe("SIGTERM");
  expect(stopSignalOf({ annotations: annotated("nonsense") })).toBe("SIGTERM");
  expect(stopSignalOf({ annotations: annotated("SIGUSR1") })).toBe("SIGUSR1");
});
