import { expect, test } from "bun:test";
import { sentToAll } from "./unit-stop.ts";

const account = (mode: string, state: string, signal = 15): string =>
  `KillMode=${mode}\nKillSignal=${signal}\nSubState=${state}\n`;

test.each([
  [account("control-group", "stop-sigterm"), 15, "a unit that is being stopped"],
  [account("control-group", "stop-sigterm", 2), 2, "with a signal of its choice"],
  [account("control-group", "running"), undefined, "the signal came from somebody else"],
  [account("mixed", "stop-sigterm"), undefined, "only the main process gets it"],
  [account("process", "stop-sigterm"), undefined, "only the main process ever"],
  ["", undefined, "systemd does not know the unit"],
])("%j → %p (%s)", (text, expected, _reason) => {
  expect(sentToAll(text)).toBe(expected);
});
