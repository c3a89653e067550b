/** Pod manifests: rkt's own output comes back byte for byte, every rule is broken once. */
import { describe, expect, test } from "bun:test";
import { parsePodManifest, printPodManifest } from "./pod-manifest.ts";

const ID = "sha512-7599559273c4d24e7535b2691a5d5b52b8ee23920a825d31668159da3ba229f4";

/** What rkt 1.30 stored for a pod with an empty volume. */
const STORED = [
  '{"acVersion":"1.30.0","acKind":"PodManifest","apps":[{"name":"sleep","image":{"name":"golden.t',
  `est/sleep","id":"${ID}","labels":[{"name":"version","value":"1.0.0"},{"name":"arch","value":"am`,
  'd64"},{"name":"os","value":"linux"}]},"app":{"exec":["/bin/sleep","60"],"user":"0","group":"0"}',
  ',"mounts":[{"volume":"v","path":"/v"}]}],"volumes":[{"name":"v","kind":"empty","mode":"0755","u',
  'id":0,"gid":0}],"isolators":null,"annotations":[{"name":"coreos.com/rkt/stage1/mutable","value"',
  ':"false"}],"ports":[]}',
].join("");

/** Every other field, in the order of Go's structures. */
const FULL = [
  `{"acVersion":"1.30.0","acKind":"PodManifest","apps":[{"name":"a","image":{"id":"${ID}"},"readO`,
  'nlyRootFS":true,"mounts":[{"volume":"h","path":"/h","appVolume":{"name":"h","kind":"host","sour',
  'ce":"/src","readOnly":true,"recursive":false}}],"annotations":[{"name":"x","value":"y"}]}],"vol',
  'umes":null,"isolators":[{"name":"any/thing","value":{"b":1,"a":[null]}}],"annotations":null,"po',
  'rts":[{"name":"web","hostPort":8080,"hostIP":"127.0.0.1","podPort":{"name":"web","protocol":"tc',
  'p","port":80,"count":1,"socketActivated":true}},{"name":"b","hostPort":0}],"userAnnotations":{"',
  'u":"v"},"userLabels":{"a":"1","b":"2"}}',
].join("");

const MINIMAL = { acKind: "PodManifest", acVersion: "0.8.11", apps: [] };
const APP = { name: "a", image: { id: ID } };
const HOST = { name: "v", kind: "host", source: "/x" };

test.each([STORED, FULL])("what rkt stores comes back byte for byte", (text) => {
  expect(printPodManifest(parsePodManifest(text), { pretty: false })).toBe(text);
});

test("prints absent lists as null, empty ones as []", () => {
  const manifest = parsePodManifest(JSON.stringify({ ...MINIMAL, ports: [] }));
  expect(printPodManifest(manifest, { pretty: true })).toBe(
    '{\n\t"acVersion": "0.8.11",\n\t"acKind": "PodManifest",\n\t"apps": [],\n\t"volumes": null,\n' +
      '\t"isolators": null,\n\t"annotations": null,\n\t"ports": []\n}',
  );
});

test("an empty volume has a mode and an owner, also where none is written", () => {
  const volumes = [{ name: "v", kind: "empty" }];
  const manifest = parsePodManifest(JSON.stringify({ ...MINIMAL, volumes }));
  expect(manifest.volumes).toEqual([{ name: "v", kind: "empty", mode: "0755", uid: 0, gid: 0 }]);
});

describe("refuses", () => {
  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['missing or bad ACKind (must be "PodManifest")', { acKind: "ImageManifest" }],
    ["acVersion must be set", { acVersion: undefined }],
    ['duplicate apps of name "a"', { apps: [APP, APP] }],
    ["ACName cannot be empty", { apps: [{ image: APP.image }] }],
    ["badly formatted hash string", { apps: [{ name: "a" }] }],
    ["badly formatted hash string", { apps: [{ name: "a", image: { id: "a-b-c" } }] }],
    ["badly formatted hash string", { apps: [{ name: "a", image: { id: "sha512-../x" } }] }],
    ["volume must be set", { apps: [{ ...APP, mounts: [{ path: "/x" }] }] }],
    ["path must be set", { apps: [{ ...APP, mounts: [{ volume: "v" }] }] }],
    ['duplicate volume name "v"', { volumes: [HOST, HOST] }],
    ["name must be set", { volumes: [{ kind: "empty" }] }],
    [
      'unrecognized volume kind: should be one of "empty", "host", "named", "tmpfs"',
      { volumes: [{ name: "v", kind: "x" }] },
    ],
    ["source for host volume must be absolute path", { volumes: [{ ...HOST, source: "x" }] }],
    ["source for host volume cannot be empty", { volumes: [{ ...HOST, source: null }] }],
    ["uid for host volume cannot be set", { volumes: [{ ...HOST, uid: 0 }] }],
    ["source for empty volume must be empty", { volumes: [{ ...HOST, kind: "empty" }] }],
    ["invalid IP address: x", { ports: [{ name: "p", hostPort: 1, hostIP: "x" }] }],
    [
      'read "ports[0].hostPort": want a whole number from 0 to 65535, found 70000',
      { ports: [{ name: "p", hostPort: 70_000 }] },
    ],
    ["port must be in 1-65535 range", { ports: [{ name: "p", podPort: { name: "p" } }] }],
    ["user is required", { apps: [{ ...APP, app: {} }] }],
  ])("%s", (message, changes) => {
    const text = JSON.stringify({ ...MINIMAL, ...changes });
    expect(() => parsePodManifest(text)).toThrow(new Error(message));
  });
});
