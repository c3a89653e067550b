import { expect, test } from "bun:test";
import { type PodRules, tablesOf } from "./rules.ts";

const FOUR = { version: 4, address: "172.16.28.2/24" } as const;
const SIX = { version: 6, address: "fd00::2/64" } as const;
const rules = (change: Partial<PodRules>): PodRules => ({
  uuid: "u",
  masqueraded: [],
  targets: [],
  forwards: [],
  ...change,
});
const shape = (pod: PodRules): string[] =>
  tablesOf(pod).flatMap(({ family, name, chains }) =>
    chains.map(({ hook, rules: own }) => `${family} ${name} ${hook} ${own.length}`),
  );
const web = { transport: "tcp", hostPort: 8080, podPort: 80 } as const;

test.each<[string, Partial<PodRules>, string[]]>([
  ["nothing to do, no table", {}, []],
  [
    "masquerading alone needs one chain",
    { masqueraded: [{ network: "n", address: FOUR }] },
    ["ip rkt-u postrouting 1"],
  ],
  [
    "a port without an address of the pod leads nowhere",
    { forwards: [web], masqueraded: [{ network: "n", address: SIX }] },
    ["ip6 rkt-u postrouting 1"],
  ],
  [
    "a port in both families",
    { forwards: [web], targets: [FOUR, SIX] },
    [
      ...["ip rkt-u prerouting 1", "ip rkt-u output 1", "ip rkt-u postrouting 2"],
      ...["ip6 rkt-u prerouting 1", "ip6 rkt-u output 1", "ip6 rkt-u postrouting 2"],
    ],
  ],
  [
    "a port of one address of the host is of its family only",
    { forwards: [{ ...web, hostIP: "fd00::9" }], targets: [FOUR, SIX] },
    ["ip6 rkt-u prerouting 1", "ip6 rkt-u output 1", "ip6 rkt-u postrouting 2"],
  ],
])("tablesOf(): %s", (_reason, change, tables) => {
  expect(shape(rules(change))).toEqual(tables);
});
