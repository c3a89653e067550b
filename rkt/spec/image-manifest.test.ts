/** Image manifests: rkt's own output comes back byte for byte, every rule is broken once. */
import { describe, expect, test } from "bun:test";
import { parseImageManifest, printImageManifest } from "./image-manifest.ts";

type Changes = Readonly<Record<string, unknown>>;

/** What rkt 1.30 prints for its stage1 and test images, with every field that it knows. */
const COMPACT = [
  '{"acKind":"ImageManifest","acVersion":"0.8.11","name":"golden.test/env",',
  '"labels":[{"name":"version","value":"1.0.0"},{"name":"arch","value":"amd64"},{"name":"os",',
  '"value":"linux"}],"app":{"exec":["/bin/sh","-c",',
  '"echo out; echo err \\u003e\\u00262; exit 3"],"eventHandlers":[{"name":"pre-start",',
  '"exec":["/bin/a"]},{"name":"post-stop","exec":null}],"user":"0","group":"0",',
  '"supplementaryGIDs":[1,2],"workingDirectory":"/opt","environment":[{"name":"FOO",',
  '"value":"image"}],"mountPoints":[{"name":"data","path":"/data"},{"name":"ro","path":"/ro",',
  '"readOnly":true}],"ports":[{"name":"80-tcp","protocol":"tcp","port":80,"count":1,',
  '"socketActivated":false}],"isolators":[{"name":"resource/memory","value":{"limit":"64M",',
  '"request":"32M"}}],"userAnnotations":{"a":"1","b":"2"},"userLabels":{"z":"\\u2028"}},',
  '"annotations":[{"name":"created","value":"2017-07-14T02:40:00Z"},{"name":"homepage",',
  '"value":"https://golden.test"}],"dependencies":[{"imageName":"golden.test/base",',
  '"imageID":"sha512-ff61","labels":[{"name":"os","value":"linux"}],"size":7}],',
  '"pathWhitelist":["/bin/a"]}',
].join("");

const APP = { exec: ["/bin/true"], user: "0", group: "0" };
const MINIMAL = { acKind: "ImageManifest", acVersion: "0.8.11", name: "golden.test/x" };

function parse(changes: Changes): unknown {
  return parseImageManifest(JSON.stringify({ ...MINIMAL, ...changes }));
}

test("what rkt prints comes back byte for byte", () => {
  expect(printImageManifest(parseImageManifest(COMPACT), { pretty: false })).toBe(COMPACT);
});

test("prints as image cat-manifest does", () => {
  const labels = [{ name: "version", value: "1.0.0" }];
  const manifest = parseImageManifest(JSON.stringify({ ...MINIMAL, app: APP, labels }));
  const lines = [
    "{",
    '\t"acKind": "ImageManifest",',
    '\t"acVersion": "0.8.11",',
    '\t"name": "golden.test/x",',
    '\t"labels": [',
    "\t\t{",
    '\t\t\t"name": "version",',
    '\t\t\t"value": "1.0.0"',
    "\t\t}",
    "\t],",
    '\t"app": {',
    '\t\t"exec": [',
    '\t\t\t"/bin/true"',
    "\t\t],",
    '\t\t"user": "0",',
    '\t\t"group": "0"',
    "\t}",
    "}",
  ];
  expect(printImageManifest(manifest, { pretty: true })).toBe(lines.join("\n"));
});

test("unknown and null fields, empty lists and defaults leave no trace in print", () => {
  const app = { ...APP, environment: [], mountPoints: null, workingDirectory: "", nonsense: 1 };
  const text = JSON.stringify({ ...MINIMAL, app, labels: [], annotations: null, more: {} });
  const printed = printImageManifest(parseImageManifest(text), { pretty: false });
  expect(JSON.parse(printed)).toEqual({ ...MINIMAL, app: APP });
});

test("names of user labels cannot reach the prototype", () => {
  const text = COMPACT.replace('"z":', '"__proto__":');
  expect(printImageManifest(parseImageManifest(text), { pretty: false })).toBe(text);
});

describe("refuses", () => {
  const port = (fields: object): Changes => ({
    app: { ...APP, ports: [{ name: "p", ...fields }] },
  });
  const point = (fields: object): Changes => ({ app: { ...APP, mountPoints: [fields] } });
  const label = (...labels: object[]): Changes => ({ labels });
  const os = { name: "os", value: "linux" };
  const characters = 'must contain only lower case alphanumeric characters plus "-._~/"';
  const linux = "[amd64 i386 aarch64 aarch64_be armv6l armv7l armv7b ppc64 ppc64le s390x]";
  test.each<[string, Changes]>([
    ['missing or bad ACKind (must be "ImageManifest")', { acKind: "PodManifest" }],
    ['missing or bad ACKind (must be "ImageManifest")', { acKind: undefined }],
    ["ACKind must be set", { acKind: "" }],
    ["bad ACKind: Image", { acKind: "Image" }],
    ["acVersion must be set", { acVersion: null }],
    ["SemVer is bad", { acVersion: "one" }],
    ["SemVer cannot be zero", { acVersion: "0.0.0" }],
    ["name must be set", { name: undefined }],
    ["ACIdentifier cannot be empty", { name: "" }],
    [`ACIdentifier ${characters}`, { name: "Bad_Name" }],
    ['read "name": want a string, found a number', { name: 1 }],
    ['invalid label name: "name"', label({ name: "name", value: "x" })],
    ['duplicate labels of name "version"', label({ name: "version" }, { name: "version" })],
    [`ACIdentifier ${characters}`, label({ name: "A" })],
    [
      `bad arch "nonsense" for linux (must be one of: ${linux})`,
      label(os, { name: "arch", value: "nonsense" }),
    ],
    [
      'bad os "constructor" (must be one of: [darwin freebsd linux])',
      label({ name: "os", value: "constructor" }),
    ],
    ["user is required", { app: { ...APP, user: "" } }],
    ["group is required", { app: { ...APP, group: undefined } }],
    ["workingDirectory must be an absolute path", { app: { ...APP, workingDirectory: "opt" } }],
    [
      'Only one eventHandler of name "pre-start" allowed',
      { app: { ...APP, eventHandlers: [{ name: "pre-start" }, { name: "pre-start" }] } },
    ],
    ['bad eventHandler "name": "x"', { app: { ...APP, eventHandlers: [{ name: "x" }] } }],
    ['eventHandler "name" cannot be empty', { app: { ...APP, eventHandlers: [{}] } }],
    ["environment variable name must not be empty", { app: { ...APP, environment: [{}] } }],
    [
      'environment variable does not have valid identifier "1A"',
      { app: { ...APP, environment: [{ name: "1A" }] } },
    ],
    [
      'duplicate environment variable of name "A"',
      { app: { ...APP, environment: [{ name: "A" }, { name: "A" }] } },
    ],
    ["port must be in 1-65535 range", port({ port: 0 })],
    ["port must be in 1-65535 range", port({ port: 65_536 })],
    ["end of port range must be in 1-65535 range", port({ port: 65_535, count: 2 })],
    ["ACName cannot be empty", point({ path: "/x" })],
    ["path must be set", point({ name: "x" })],
    [
      "invalid isolator",
      { app: { ...APP, isolators: [{ name: "os/linux/nonsense", value: {} }] } },
    ],
    ['duplicate annotations of name "a"', { annotations: [{ name: "a" }, { name: "a" }] }],
    [
      'bad Date: parsing time "today" as "2006-01-02T15:04:05Z07:00"',
      { annotations: [{ name: "created", value: "today" }] },
    ],
    [
      "bad URL scheme, must be http/https",
      { annotations: [{ name: "homepage", value: "ftp://x" }] },
    ],
    ["imageName cannot be empty", { dependencies: [{}] }],
    ["badly formatted hash string", { dependencies: [{ imageName: "a", imageID: "sha512" }] }],
    ["unrecognized hash type: md5", { dependencies: [{ imageName: "a", imageID: "md5-00" }] }],
    ["unexpected empty hash value", { dependencies: [{ imageName: "a", imageID: "sha512-" }] }],
    ['read "app.exec[1]": want a string, found an object', { app: { ...APP, exec: ["a", {}] } }],
    ['read "app": want an object, found a list', { app: [] }],
    [
      'read "app.supplementaryGIDs[0]": want a whole number from 0 to 4294967295, found -1',
      { app: { ...APP, supplementaryGIDs: [-1] } },
    ],
  ])("%s", (message, changes) => {
    expect(() => parse(changes)).toThrow(new Error(message));
  });
  test("what is no JSON object, and what is too large", () => {
    expect(() => parseImageManifest("[]")).toThrow(
      new Error('read "image manifest": want an object, found a list'),
    );
    expect(() => parseImageManifest(`"${"x".repeat(2 ** 20)}"`)).toThrow(
      new Error("parse image manifest: larger than 1048576 bytes"),
    );
  });
});

test("an app without a command prints null, as Go prints a list that is not there", () => {
  const { exec: _, ...app } = APP;
  const manifest = parseImageManifest(JSON.stringify({ ...MINIMAL, app }));
  expect(manifest.app?.exec).toEqual([]);
  expect(printImageManifest(manifest, { pretty: false })).toContain('"app":{"exec":null,"user"');
});
