/** How many requests may run at once. In: flags. Out: their number. @throws {Fault} "invalid" */
import { Fault, quote } from "@shared/base";
import type { Flag, FlagValues } from "../flags/flags.ts";

export const REQUEST_FLAGS: readonly Flag[] = [
  {
    name: "max-requests-inflight",
    value: "N",
    usage: "shares the sum of this and the next one among the priority levels",
    initial: "400",
  },
  {
    name: "max-mutating-requests-inflight",
    value: "N",
    usage: "is the other part of it",
    initial: "200",
  },
];

export function readRequestsMax(flags: FlagValues): number {
  const [read = 0, write = 0] = REQUEST_FLAGS.map(({ name }) => {
    const text = flags.get(name) ?? "";
    if (/^\d{1,6}$/.test(text)) return Number(text);
    throw new Fault("invalid", `invalid argument ${quote(text)} for --${name}: not a number`);
  });
  if (read + write > 0) return read + write;
  throw new Fault("invalid", "read --max-requests-inflight: no request could run");
}
