import { expect, test } from "bun:test";
import { mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { podPaths } from "@rkt/stage1/contract";
import { listPods, readPodManifest } from "./list.ts";
import { phasePath } from "./pod-dir.ts";
import { openPod } from "./pod-name.ts";
import { podStatus } from "./status.ts";
import { appRequest, temporaryDataDir, prepared, testHost } from "./testing.ts";

const NETWORK = {
  netName: "default",
  netConf: "net/99-default.conf",
  pluginPath: "/usr/lib/cni/ptp",
  ifName: "eth0",
  ip: "172.16.28.2",
  args: "",
  mask: "255.255.255.0",
};

test("a pod is listed with its apps, times and networks, sorted by UUID", () => {
  using dir = temporaryDataDir();
  const { uuid, path } = prepared(dir, { apps: [appRequest("one"), appRequest("two")] });
  const later = prepared(dir, { next: "prepared" });
  writeFileSync(podPaths.netInfo(path), JSON.stringify([NETWORK]));
  writeFileSync(podPaths.pid(path), "12\n");
  utimesSync(podPaths.pid(path), 20, 20);
  utimesSync(join(path, "pod-created"), 10, 10);
  const pods = listPods(testHost(), dir.path);
  expect(pods.map((pod) => pod.uuid)).toEqual([uuid, later.uuid].sort());
  const pod = pods.find((each) => each.uuid === uuid);
  expect(pod).toMatchObject({ state: "running", createdMs: 10_000, startedMs: 20_000 });
  expect(pod?.networks).toEqual([NETWORK]);
  expect(pod?.apps.map(({ name, imageName }) => [name, imageName])).toEqual([
    ["one", "example.com/one:1.0"],
    ["two", "example.com/two:1.0"],
  ]);
});

test("embryos and final garbage are not listed", () => {
  using dir = temporaryDataDir();
  for (const phase of ["embryo", "garbage"] as const) {
    mkdirSync(phasePath(dir.path, phase, "01234567-89ab-4def-8123-456789abcdef"), {
      recursive: true,
    });
  }
  expect(listPods(testHost(), dir.path)).toEqual([]);
});

test("a damaged pod is listed with its problem and does not hide the others", () => {
  using dir = temporaryDataDir();
  const broken = prepared(dir);
  const empty = prepared(dir);
  const whole = prepared(dir);
  writeFileSync(podPaths.manifest(broken.path), '{"acKind": "ImageManifest", "apps": []}');
  rmSync(podPaths.manifest(empty.path));
  const problems = new Map(listPods(testHost(), dir.path).map((pod) => [pod.uuid, pod.problem]));
  expect(problems.get(broken.uuid)).toBe('missing or bad ACKind (must be "PodManifest")');
  expect(problems.get(empty.uuid)).toContain("no such file or directory");
  expect(problems.get(whole.uuid)).toBeUndefined();
});

test("networks that stage1 is just writing are none yet", () => {
  using dir = temporaryDataDir();
  const { path } = prepared(dir);
  writeFileSync(podPaths.netInfo(path), '[{"netName"');
  expect(listPods(testHost(), dir.path)[0]?.networks).toEqual([]);
});

test("status tells mounts with their place on the host, and apps as far as they came", () => {
  using dir = temporaryDataDir();
  const volumes = [
    { name: "here", kind: "host", source: "/srv", readOnly: true },
    { name: "empty", kind: "empty" },
  ] as const;
  const mounts = [
    { volume: "here", path: "/a" },
    { volume: "empty", path: "/b" },
  ];
  const { uuid, path } = prepared(dir, {
    volumes,
    apps: [appRequest("one", { mounts }), appRequest("two")],
  });
  writeFileSync(podPaths.appStarted(path, "one"), "");
  using pod = openPod(dir.path, uuid);
  const { apps, pid, ready } = podStatus(testHost(), pod);
  expect([pid, ready]).toEqual([undefined, false]);
  expect(apps.map(({ state }) => state)).toEqual(["running", "created"]);
  expect(apps[0]?.mounts).toEqual([
    { name: "here", containerPath: "/a", hostPath: "/srv", readOnly: true },
    {
      name: "empty",
      containerPath: "/b",
      hostPath: join(path, "sharedVolumes/empty"),
      readOnly: false,
    },
  ]);
  expect(readPodManifest(pod).apps).toHaveLength(2);
});
