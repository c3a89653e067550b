import { afterEach, beforeEach, expect, test } from "bun:test";
import { utimesSync } from "node:fs";
import { join } from "node:path";
import { bundledStage1 } from "@rkt/stage1/bundled";
import { describeFault } from "@shared/base";
import { claimName, openPod, parsePodName } from "./pod-name.ts";
import { preparePod } from "./prepare.ts";
import { appRequest, type DataDir, temporaryDataDir, testHost, writeLayers } from "./testing.ts";

let data: DataDir;
beforeEach(() => {
  data = temporaryDataDir();
  writeLayers(data.path);
});
afterEach(() => data[Symbol.dispose]());

const host = testHost();

/** Makes a prepared pod; returns its UUID. */
function prepared(name: string, madeAt: number): string {
  const { uuid, path } = preparePod(host, {
    dataDir: data.path,
    stage1: bundledStage1("crun", "1"),
    next: "prepared",
    apps: [appRequest("one")],
    name,
  });
  utimesSync(join(path, "pod-created"), madeAt, madeAt);
  return uuid;
}

function messageOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return describeFault(error);
  }
  return "nothing was thrown";
}

test("a pod is found by its name, by its UUID and by a beginning of it", () => {
  const uuid = prepared("web", 1);
  for (const text of ["web", uuid, uuid.slice(0, 8), uuid.slice(0, 2)]) {
    using pod = openPod(data.path, text);
    expect(pod.uuid).toBe(uuid);
  }
  expect(messageOf(() => openPod(data.path, "we"))).toBe('no matches found for "we"');
});

test("a living pod keeps its name", () => {
  const uuid = prepared("web", 1);
  expect(messageOf(() => claimName(host, data.path, "web"))).toBe(
    `the name "web" belongs to pod "${uuid}"`,
  );
  using claim = claimName(host, data.path, "other");
  expect(claim).toBeDefined();
});

const names: readonly [name: string, why: string][] = [
  ["web", ""],
  ["db", ""],
  ["beef-stew", ""],
  ["deadbee", ""],
  ["deadbeef", 'name the pod "deadbeef": that is like the beginning of a UUID'],
  ["Web", "ACName"],
];
for (const [name, why] of names) {
  test(`${name} is ${why === "" ? "a name" : "none"}`, () => {
    if (why === "") expect(parsePodName(name)).toBe(name);
    else expect(messageOf(() => parsePodName(name))).toContain(why);
  });
}
