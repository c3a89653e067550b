/** The appc view of OCI images against what docker2aci and rkt 1.30 made of the same image. */
import { describe, expect, test } from "bun:test";
import { parseDockerReference } from "./docker-reference.ts";
import { printImageManifest } from "./image-manifest.ts";
import { type OciConfig, type OciProcess, parseOciConfig } from "./oci-image.ts";
import { toImageManifest } from "./oci-to-appc.ts";

const DIGESTS = {
  config: "sha256:dc73ad818a15ceb6df6b4fb12c97ed83e88294f2fe2260e115e8d119bd6b21da",
  manifest: "sha256:84675861dc37da9606878a0ffa293203d27a6d2b8025d266f117d94b1b2586a3",
} as const;
const APP = parseDockerReference("golden.test:5000/lib/app");
const CONFIG = parseOciConfig(
  JSON.stringify({
    os: "linux",
    architecture: "amd64",
    author: "golden",
    created: "2017-07-14T02:40:00Z",
    config: {
      User: "1000:100",
      Env: ["PATH=/bin", "FOO=docker"],
      Entrypoint: ["/bin/echo"],
      Cmd: ["hello", "docker"],
      WorkingDir: "/opt/work",
      Volumes: { "/data": {} },
      ExposedPorts: { "80/tcp": {} },
    },
    rootfs: { diff_ids: [] },
  }),
);

function app(changes: Partial<OciProcess>): ReturnType<typeof toImageManifest>["app"] {
  const process = { ...(CONFIG.process as OciProcess), ...changes };
  return toImageManifest(APP, { ...CONFIG, process }, DIGESTS).app;
}

test("is what rkt printed for the same image", () => {
  const printed = printImageManifest(toImageManifest(APP, CONFIG, DIGESTS), { pretty: false });
  expect(printed).toBe(
    [
      '{"acKind":"ImageManifest","acVersion":"0.8.11","name":"golden.test_5000/lib/app",',
      '"labels":[{"name":"arch","value":"amd64"},{"name":"os","value":"linux"},',
      '{"name":"version","value":"latest"}],"app":{"exec":["/bin/echo","hello","docker"],',
      '"user":"1000","group":"100","workingDirectory":"/opt/work",',
      '"environment":[{"name":"PATH","value":"/bin"},{"name":"FOO","value":"docker"}],',
      '"mountPoints":[{"name":"volume-data","path":"/data"}],"ports":[{"name":"80-tcp",',
      '"protocol":"tcp","port":80,"count":1,"socketActivated":false}]},',
      '"annotations":[{"name":"author","value":"golden"},{"name":"created",',
      '"value":"2017-07-14T02:40:00Z"},{"name":"appc.io/docker/originalname",',
      '"value":"golden.test:5000/lib/app"},{"name":"appc.io/docker/registryurl",',
      '"value":"golden.test:5000"},{"name":"appc.io/docker/repository","value":"lib/app"},',
      `{"name":"appc.io/docker/imageid","value":"${DIGESTS.config}"},`,
      `{"name":"appc.io/docker/manifesthash","value":"${DIGESTS.manifest}"},`,
      '{"name":"appc.io/docker/entrypoint","value":"[\\"/bin/echo\\"]"},',
      '{"name":"appc.io/docker/cmd","value":"[\\"hello\\",\\"docker\\"]"}]}',
    ].join(""),
  );
});

describe("names and versions", () => {
  const docker = (text: string): ReturnType<typeof toImageManifest> =>
    toImageManifest(parseDockerReference(text), CONFIG, DIGESTS);
  const version = (manifest: ReturnType<typeof toImageManifest>): string | undefined =>
    manifest.labels?.find(({ name }) => name === "version")?.value;
  test("of the default registry", () => {
    expect(docker("busybox:1").name).toBe("registry-1.docker.io/library/busybox");
    expect(version(docker("busybox:1"))).toBe("1");
  });
  test("a digest is no version", () => {
    expect(version(docker(`busybox@${DIGESTS.manifest}`))).toBeUndefined();
  });
  test.each([
    ["/srv/My_Layout/", "v1", "my_layout"],
    [".", undefined, "layout"],
    ["../..", undefined, "layout"],
  ])("of the layout %p", (directory, reference, name) => {
    const origin = { kind: "oci", directory, ...(reference && { reference }) } as const;
    const manifest = toImageManifest(origin, CONFIG, DIGESTS);
    expect(manifest.name).toBe(name);
    expect(version(manifest)).toBe(reference);
  });
});

describe("the app", () => {
  test.each([
    ["", "0", "0", "nobody is root"],
    ["app", "app", "app", "the group is called as the user"],
    ["1000", "1000", "1000", "the group has the user's number"],
    ["u:g", "u", "g", "both"],
    ["u:", "u", "u", "an empty group is none"],
    [":g", "0", "g", "an empty user is root"],
  ])("user %p is %p and group %p", (text, user, group, _reason) => {
    expect(app({ user: text })).toMatchObject({ user, group });
  });
  test("a later variable replaces an earlier one, what is no variable is dropped", () => {
    expect(app({ env: ["A=1", "B=2", "A=3=4", "NONSENSE", "=x"] })?.environment).toEqual([
      { name: "A", value: "3=4" },
      { name: "B", value: "2" },
    ]);
  });
  test("volumes of equal names get numbers, in the order of their paths", () => {
    expect(app({ volumes: ["/var/lib", "/var-lib", "/a"] })?.mountPoints).toEqual([
      { name: "volume-a", path: "/a" },
      { name: "volume-var-lib", path: "/var-lib" },
      { name: "volume-var-lib-1", path: "/var/lib" },
    ]);
  });
  test("ports without a protocol are tcp, a range is one port with a count", () => {
    const ports = app({ exposedPorts: ["8080", "53/udp", "9000-9002/tcp"] })?.ports;
    expect(ports).toEqual([
      { name: "53-udp", protocol: "udp", port: 53, count: 1, socketActivated: false },
      { name: "8080", protocol: "tcp", port: 8080, count: 1, socketActivated: false },
      { name: "9000-9002-tcp", protocol: "tcp", port: 9000, count: 3, socketActivated: false },
    ]);
  });
  test("labels become user labels", () => {
    expect(app({ labels: { "org.x/Y": "z" } })?.userLabels).toEqual({ "org.x/Y": "z" });
  });
  test("is missing where the image has no configuration of one", () => {
    const { process: _, ...rest } = CONFIG;
    expect(toImageManifest(APP, rest, DIGESTS).app).toBeUndefined();
  });
});

test.each<[string, Partial<OciConfig>, string | undefined]>([
  ["arm v7", { platform: { os: "linux", architecture: "arm", variant: "v7" } }, "armv7l"],
  ["arm64", { platform: { os: "linux", architecture: "arm64", variant: "v8" } }, "aarch64"],
  ["what appc has no word for", { platform: { os: "linux", architecture: "riscv64" } }, undefined],
])("the architecture of %s", (_what, changes, arch) => {
  const labels = toImageManifest(APP, { ...CONFIG, ...changes }, DIGESTS).labels;
  expect(labels?.find(({ name }) => name === "arch")?.value).toBe(arch as never);
});

test.each<[string, Partial<OciProcess>]>([
  ['error parsing port "x": invalid syntax', { exposedPorts: ["x/tcp"] }],
  ['error parsing port "9-8": invalid syntax', { exposedPorts: ["9-8/tcp"] }],
  ["port must be in 1-65535 range", { exposedPorts: ["70000/tcp"] }],
  ["workingDirectory must be an absolute path", { workingDir: "w" }],
  ['environment variable does not have valid identifier "A B"', { env: ["A B=1"] }],
])("refuses what appc cannot say: %s", (message, changes) => {
  expect(() => app(changes)).toThrow(new Error(message));
});
