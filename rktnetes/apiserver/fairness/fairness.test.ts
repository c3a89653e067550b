/** Places for requests: shares, turns, loans. */
import { expect, test } from "bun:test";
import type { Attributes, User } from "../auth/user.ts";
import { openCluster } from "../testing/cluster.ts";
import { answerDump } from "./dump.ts";
import { Fairness } from "./fairness.ts";
import { dealHand, type House, type Leave, PriorityLevel } from "./priority-level.ts";

const DUMPS = "/debug/api_priority_and_fairness/";
const NEVER = new AbortController().signal;

function houseOf(seats: number): House & { all: PriorityLevel[] } {
  const all: PriorityLevel[] = [];
  return { seats, all, levels: () => all };
}

const QUEUE = { lendable: 0, queues: 8, handSize: 2, queueLength: 100 };

test("a flow that sends much waits behind itself, not in front of others", async () => {
  const house = houseOf(1);
  const level = new PriorityLevel("l", { ...QUEUE, seats: 1, handSize: 1 }, house);
  house.all.push(level);
  const first = level.tryEnter();
  const order: string[] = [];
  const flows = ["noisy", "noisy", "noisy", "noisy", "quiet"];
  const [noisy] = dealHand("noisy", 8, 1);
  const quiet = ["quiet", "other", "third"].find((flow) => dealHand(flow, 8, 1)[0] !== noisy);
  const waiting = flows.map(async (flow) => {
    const leave = await level.wait(flow === "quiet" ? (quiet ?? flow) : flow, 0, NEVER);
    order.push(flow);
    leave();
  });
  first?.();
  await Promise.all(waiting);
  expect(order.indexOf("quiet")).toBe(1);
  expect(level.inside).toBe(0);
});

test("free places are lent, reserved ones are not", () => {
  const house = houseOf(10);
  const busy = new PriorityLevel("busy", { ...QUEUE, seats: 4 }, house);
  const leases = new PriorityLevel("leases", { ...QUEUE, seats: 6, lendable: 2 }, house);
  house.all.push(busy, leases);
  const taken: (Leave | undefined)[] = [];
  for (let at = 0; at < 20; at++) taken.push(busy.tryEnter());
  expect(busy.inside).toBe(6);
  for (let at = 0; at < 4; at++) expect(leases.tryEnter()).toBeDefined();
  taken.find((leave) => leave !== undefined)?.();
  expect(busy.inside).toBe(5);
});

test("who finds all queues full is refused, and so is who waits too long", async () => {
  const house = houseOf(1);
  const level = new PriorityLevel("l", { ...QUEUE, seats: 1, queues: 1, queueLength: 1 }, house);
  house.all.push(level);
  const leave = level.tryEnter();
  const patience = new AbortController();
  const waiting = level.wait("a", 0, patience.signal);
  expect(level.wait("b", 0, NEVER)).rejects.toThrow("too many requests");
  patience.abort();
  expect(waiting).rejects.toThrow("it took too long");
  leave?.();
  expect(level.tryEnter()).toBeDefined();
});

test("a hand has as many different queues as it says", () => {
  for (const flow of ["a", "b", "c"]) {
    const hand = dealHand(flow, 16, 6);
    expect(new Set(hand).size).toBe(6);
    expect(Math.max(...hand)).toBeLessThan(16);
  }
});

test("levels share as many seats as there are", async () => {
  await using cluster = await openCluster();
  const { lookup, host } = cluster.server;
  const nobody: User = { name: "x", uid: "", groups: ["system:authenticated"], extra: {} };
  const what = { isResource: false, path: "/x", verb: "get" } as unknown as Attributes;
  const sums = [60, 600].map(async (seats) => {
    const fairness = new Fairness(lookup, host, seats);
    await fairness.flowFor(nobody, what);
    return [...fairness.seatsOfLevels().values()].reduce((sum, each) => sum + each, 0);
  });
  const [few = 0, many = 0] = await Promise.all(sums);
  expect(few).toBeGreaterThanOrEqual(60);
  expect(few).toBeLessThan(80); // each level rounds up
  expect(many).toBeGreaterThanOrEqual(600);
});

test("leases of nodes have a lane of their own when everybody else has filled theirs", async () => {
  await using cluster = await openCluster();
  const { lookup, host } = cluster.server;
  const fairness = new Fairness(lookup, host);
  const user = (name: string, ...groups: string[]): User => ({
    name,
    uid: "",
    groups: [...groups, "system:authenticated"],
    extra: {},
  });
  const base = { isResource: true, path: "", version: "v1", subresource: "", name: "" };
  const list = { ...base, verb: "list", group: "", resource: "pods", namespace: "default" };
  const renew = {
    ...base,
    verb: "update",
    group: "coordination.k8s.io",
    resource: "leases",
    namespace: "kube-node-lease",
  };
  const enter = async (who: User, what: Attributes): Promise<Leave> =>
    await (await fairness.flowFor(who, what)).enter();
  await enter(user("system:node:n", "system:nodes"), renew);
  const level = fairness.levels().find(({ name }) => name === "global-default");
  const entering: Promise<Leave>[] = [];
  const isFull = (): boolean => (level?.waiting ?? 0) > 0;
  while (!isFull() && entering.length < 1000) {
    entering.push(enter(user("noisy"), list));
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(level?.waiting).toBeGreaterThan(0);
  await enter(user("system:node:n", "system:nodes"), renew);
  const node = await fairness.flowFor(user("system:node:n", "system:nodes"), renew);
  expect(node.headers["x-kubernetes-pf-flowschema-uid"]).not.toBe("");
  await enter(user("root", "system:masters"), list);
  const masters = await fairness.flowFor(user("root", "system:masters"), list);
  expect(masters.headers["x-kubernetes-pf-prioritylevel-uid"]).not.toBe("");
  const { body } = answerDump(fairness, `${DUMPS}dump_priority_levels`) ?? { body: "" };
  expect(String(body)).toMatch(/^global-default, +[1-9]\d*, +false, +false, +[1-9]/m);
  const requests = String(answerDump(fairness, `${DUMPS}dump_requests`)?.body);
  expect(requests).toMatch(/^global-default, +global-default, +\d+, +0, +noisy, /m);
  let freed = 0;
  await Promise.all(
    entering.map(async (each) => {
      const leave = await each;
      freed++;
      leave();
    }),
  );
  expect(freed).toBe(entering.length);
  expect(level?.inside).toBe(0);
});
