import { expect, test } from "bun:test";
import { planPod, type PodRequest } from "./pod-manifest.ts";
import { APP, appRequest } from "./testing.ts";

const POINT = { name: "data", path: "/data" };
const WITH_POINT = appRequest("db", { app: { ...APP, mountPoints: [POINT] } });

test("a plain pod says no more than it is asked for", () => {
  const { manifest, warnings } = planPod({ apps: [appRequest("one")] });
  expect(warnings).toEqual([]);
  expect(manifest.annotations).toEqual([{ name: "coreos.com/rkt/stage1/mutable", value: "false" }]);
  expect([manifest.volumes, manifest.ports]).toEqual([undefined, []]);
  expect(manifest.apps).toEqual([
    {
      name: "one",
      image: {
        name: "example.com/one",
        id: `sha512-${"1".repeat(64)}`,
        labels: [{ name: "version", value: "1.0" }],
      },
      app: APP,
    },
  ]);
});

test("a mount point without a volume gets an empty one, and the person is told", () => {
  const { manifest, warnings } = planPod({ apps: [WITH_POINT] });
  expect(manifest.volumes).toEqual([
    { name: "db-data", kind: "empty", mode: "0755", uid: 0, gid: 0 },
  ]);
  expect(manifest.apps[0]?.mounts).toEqual([{ volume: "db-data", path: "/data" }]);
  expect(warnings).toEqual([
    'warning: no volume specified for mount point "data", implicitly creating an "empty" volume. ' +
      "This volume will be removed when the pod is garbage-collected.",
  ]);
});

test("a volume of the mount point's name is mounted there", () => {
  const volumes = [{ name: "data", kind: "host", source: "/srv" }] as const;
  const { manifest, warnings } = planPod({ apps: [WITH_POINT], volumes });
  expect(manifest.volumes).toEqual([...volumes]);
  expect(manifest.apps[0]?.mounts).toEqual([{ volume: "data", path: "/data" }]);
  expect(warnings).toEqual([]);
});

test("an explicit mount covers the mount point of the same path", () => {
  const mounts = [{ volume: "other", path: "/data" }];
  const { manifest, warnings } = planPod({
    apps: [{ ...WITH_POINT, mounts }],
    volumes: [{ name: "other", kind: "empty" }],
  });
  expect(manifest.apps[0]?.mounts).toEqual(mounts);
  expect(warnings).toEqual([]);
});

test("two apps with the same mount point get a volume each", () => {
  const twin = { ...WITH_POINT, name: "twin" };
  const { manifest } = planPod({ apps: [WITH_POINT, twin] });
  expect(manifest.volumes?.map(({ name }) => name)).toEqual(["db-data", "twin-data"]);
});

test.each([
  [{ apps: [] }, "no image IDs found"],
  [{ apps: [appRequest("base"), appRequest("base")] }, "multiple apps with name base"],
  [{ apps: [appRequest("../x")] }, "ACName must contain only lower case alphanumeric"],
  [{ apps: [appRequest("")] }, "ACName cannot be empty"],
  [{ apps: [appRequest("a", { app: { ...APP, exec: [] } })] }, "names no command"],
  [
    { apps: [appRequest("a", { mounts: [{ volume: "none", path: "/mnt" }] })] },
    'dangling mount point "/mnt": volume "none" not found',
  ],
  [
    {
      apps: [appRequest("a", { mounts: [{ volume: "v", path: "" }] })],
      volumes: [{ name: "v", kind: "empty" }],
    },
    'dangling mount point "": volume "v" not found',
  ],
  [
    {
      apps: [appRequest("a", { mounts: [{ volume: "v", path: "relative" }] })],
      volumes: [{ name: "v", kind: "empty" }],
    },
    'mount volume "v": "relative" is no absolute path',
  ],
  [
    {
      apps: [appRequest("a")],
      volumes: [
        { name: "data", kind: "empty" },
        { name: "data", kind: "empty" },
      ],
    },
    'duplicate volume name "data"',
  ],
  [
    { apps: [appRequest("a")], volumes: [{ name: "../../etc", kind: "empty" }] },
    "ACName must contain only lower case alphanumeric",
  ],
  [
    { apps: [appRequest("a")], ports: [{ name: "none", hostPort: 1 }] },
    'port name "none" could not be found in any apps',
  ],
] as const satisfies readonly (readonly [PodRequest, string])[])(
  "%# is refused: %s",
  (request, message) => {
    expect(() => planPod(request)).toThrow(message);
  },
);

for (const [labels, missing] of [
  [[], "os"],
  [[{ name: "os", value: "linux" }], "arch"],
] as const) {
  test(`an ACI that does not say its ${missing} is refused`, () => {
    const { image, ...rest } = appRequest("one");
    const manifest = { ...image.manifest, labels };
    const request = { apps: [{ ...rest, image: { ...image, format: "aci" as const, manifest } }] };
    expect(() => planPod(request)).toThrow(`missing ${missing} label in the image manifest`);
  });
}
