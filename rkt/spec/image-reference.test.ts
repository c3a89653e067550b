/** References: the order of rkt's questions, and its words where a text means nothing. */
import { describe, expect, test } from "bun:test";
import { assert, property, string } from "fast-check";
import { Fault } from "@shared/base";
import {
  fullDockerReference,
  parseDockerReference,
  shortDockerReference,
} from "./docker-reference.ts";
import { type ImageReference, parseImageReference } from "./image-reference.ts";

const HEX = "a59906e33509d14c036c8678d687bd4eec81ed7c4b8ce907b888c607f6a1e0e6";
const host = { exists: (path: string): boolean => path === "here.aci" || path === "dir/a:b.aci" };
const name = (text: string, ...pairs: [string, string][]): ImageReference => {
  const version = pairs.find(([key]) => key === "version")?.[1];
  const labels = pairs.map(([key, value]) => ({ name: key, value }));
  return { kind: "name", name: text, labels, ...(version !== undefined && { version }) };
};

test.each<[string, ImageReference, string]>([
  ["/x/a.aci", { kind: "file", path: "/x/a.aci" }, "absolute"],
  ["here.aci", { kind: "file", path: "here.aci" }, "exists"],
  ["dir/a:b.aci", { kind: "file", path: "dir/a:b.aci" }, "exists, a colon does not matter then"],
  ["./none.aci", { kind: "file", path: "./none.aci" }, "looks like a path"],
  ["../img/none.aci", { kind: "file", path: "../img/none.aci" }, "looks like a path"],
  ["none.aci", { kind: "file", path: "none.aci" }, "suffix"],
  ["file:///x/a%20b.aci", { kind: "file", path: "/x/a b.aci" }, "URL of a file"],
  ["https://h/x.aci?y=1", { kind: "url", url: "https://h/x.aci?y=1" }, "the path has the suffix"],
  [
    "http://h:80/x.aci",
    { kind: "url", url: "http://h:80/x.aci" },
    "whether it is allowed is asked later",
  ],
  ["sha512-ff61", { kind: "hash", prefix: "sha512-ff61" }, "start of an id"],
  ["sha512-zz", { kind: "hash", prefix: "sha512-zz" }, "the store says that it has none"],
  [`sha256:${HEX}`, { kind: "hash", prefix: `sha256:${HEX}` }, "digest of OCI"],
  ["a-b-c", name("a-b-c"), "dashes alone make no hash"],
  ["golden.test/base", name("golden.test/base"), "plain"],
  ["golden.test/base:1.0.0", name("golden.test/base", ["version", "1.0.0"]), "version"],
  [
    "golden.test/base:1,os=linux,arch=amd64",
    name("golden.test/base", ["version", "1"], ["os", "linux"], ["arch", "amd64"]),
    "labels",
  ],
  ["a,x=1=2", name("a", ["x", "1=2"]), "only the first = parts"],
  ["a:1.aci", name("a", ["version", "1.aci"]), "a colon makes it a name"],
  ["oci:/x/layout", { kind: "oci", directory: "/x/layout" }, "layout"],
  ["oci:d:v1", { kind: "oci", directory: "d", reference: "v1" }, "image in a layout"],
])("%p", (text, reference, _reason) => {
  expect(parseImageReference(text, host)).toEqual(reference);
});

describe("docker", () => {
  test.each([
    ["docker://busybox", "registry-1.docker.io", "library/busybox", "latest"],
    ["docker:busybox:1.0", "registry-1.docker.io", "library/busybox", "1.0"],
    ["docker://docker.io/a/b", "registry-1.docker.io", "a/b", "latest"],
    ["docker://index.docker.io/b", "registry-1.docker.io", "library/b", "latest"],
    ["docker://registry-1.docker.io/b", "registry-1.docker.io", "library/b", "latest"],
    ["docker://golden.test:5000/lib/app:1", "golden.test:5000", "lib/app", "1"],
    ["docker://localhost/app", "localhost", "app", "latest"],
    ["docker://a/b/c", "registry-1.docker.io", "a/b/c", "latest"],
    ["docker://[::1]:5000/a", "[::1]:5000", "a", "latest"],
    ["docker://quay.io/a/b__c.d-e", "quay.io", "a/b__c.d-e", "latest"],
  ])("%p", (text, registry, repository, tag) => {
    const typed = text.replace(/^docker:(\/\/)?/, "");
    expect(parseImageReference(text, host)).toEqual({
      kind: "docker",
      registry,
      repository,
      tag,
      text: typed,
    });
  });
  test("a digest stands in place of the tag", () => {
    expect(parseDockerReference(`a/b:1@sha256:${HEX}`)).toEqual({
      kind: "docker",
      registry: "registry-1.docker.io",
      repository: "a/b",
      digest: `sha256:${HEX}`,
      text: `a/b:1@sha256:${HEX}`,
    });
  });
  test.each([
    ["busybox", "busybox", "registry-1.docker.io/library/busybox:latest"],
    ["docker.io/library/busybox:1", "busybox:1", "registry-1.docker.io/library/busybox:1"],
    ["quay.io/a/b", "quay.io/a/b", "quay.io/a/b:latest"],
    [`b@sha256:${HEX}`, `b@sha256:${HEX}`, `registry-1.docker.io/library/b@sha256:${HEX}`],
  ])("%p is %p in short", (text, short, full) => {
    const reference = parseDockerReference(text);
    expect(shortDockerReference(reference)).toBe(short);
    expect(fullDockerReference(reference)).toBe(full);
    expect(fullDockerReference(parseDockerReference(full))).toBe(full);
  });
  test.each([
    ["Bad/NAME", "invalid reference format: repository name must be lowercase"],
    ["", "invalid reference format"],
    ["a//b", "invalid reference format"],
    ["../../etc", "invalid reference format"],
    ["a/../b", "invalid reference format"],
    ["a:-x", "invalid reference format"],
    ["a:", "invalid reference format"],
    ["ho_st.x/a", "invalid reference format"],
    ["a@sha256", "invalid reference format"],
    ["a@md5:00", "unsupported digest algorithm"],
    ["a@sha256:00", "invalid checksum digest length"],
    [`a@sha256:${HEX.toUpperCase()}`, "invalid checksum digest format"],
    [HEX, `invalid repository name (${HEX}), cannot specify 64-byte hexadecimal strings`],
    ["a".repeat(256), "repository name must not be more than 255 characters"],
  ])("refuses %p", (text, problem) => {
    const message = `docker distribution creation error: bad docker URL "${text}": ${problem}`;
    expect(() => parseImageReference(`docker://${text}`, host)).toThrow(new Error(message));
  });
});

test.each([
  ["oci-archive:a/b.tar", { kind: "oci-archive", path: "a/b.tar" }],
  ["oci-archive:/b.tar:c:1", { kind: "oci-archive", path: "/b.tar", reference: "c:1" }],
  ["docker-archive:b:q.io/c:1", { kind: "docker-archive", path: "b", reference: "q.io/c:1" }],
] as const)("%p is an archive and a name in it", (text, reference) => {
  expect(parseImageReference(text, { exists: () => false })).toEqual(reference);
});

describe("refuses", () => {
  const characters =
    'ACIdentifier must contain only lower case alphanumeric characters plus "-._~/"';
  const edges = "ACIdentifier must start and end with only lower case alphanumeric characters";
  const colon = "malformed app string - colon may appear";
  test.each([
    ["Bad_Name", `invalid appc image string "Bad_Name": ${characters}`],
    ["sha512-", `invalid appc image string "sha512-": ${edges}`],
    ["", 'invalid appc image string "": ACIdentifier cannot be empty'],
    ["a,b=1:2", `invalid appc image string "a,b=1:2": ${colon} only right after the app name`],
    ["a:1:2", `invalid appc image string "a:1:2": ${colon} at most once`],
    [
      "golden.test/base:1.0.0,arch",
      'invalid appc image string "golden.test/base:1.0.0,arch": malformed string ' +
        '"name=golden.test/base,version=1.0.0,arch" - has a label without a value: arch',
    ],
    [
      "a:1,version=2",
      'invalid appc image string "a:1,version=2": label version with multiple values ["1" "2"]',
    ],
    ["a,name=b", 'invalid appc image string "a,name=b": label name with multiple values ["a" "b"]'],
    ["/x/dir", 'invalid image string "/x/dir"'],
    ["https://h/x.tar", 'invalid image string "https://h/x.tar"'],
    ["file:///x", 'invalid image string "file:///x"'],
    ["file://other/x.aci", 'failed to parse image url "file://other/x.aci"'],
    ["file:///x%2fy.aci", 'failed to parse image url "file:///x%2fy.aci"'],
    ["file:///x%ff.aci", 'failed to parse image url "file:///x%ff.aci"'],
    ["oci:", 'invalid image string "oci:": want oci:DIRECTORY or oci:DIRECTORY:REFERENCE'],
  ])("%p", (text, message) => {
    expect(() => parseImageReference(text, host)).toThrow(new Error(message));
  });
  test.each(["oci-archive:", "docker-archive::latest"])("%p without a file", (text) => {
    const thrown = faultOf(() => parseImageReference(text, host));
    expect(thrown).toMatchObject({ kind: "invalid" });
  });
});

test("no text makes anything but a reference or a Fault", () => {
  assert(
    property(string({ unit: "grapheme-ascii" }), (text) => {
      for (const scheme of ["", "docker://", "oci:", "file://", "https://"]) {
        const thrown = faultOf(() => parseImageReference(scheme + text, host));
        expect(
          thrown === undefined || thrown.kind === "invalid" || thrown.kind === "unsupported",
        ).toBe(true);
      }
    }),
  );
});

function faultOf(act: () => unknown): Fault | undefined {
  try {
    act();
    return undefined;
  } catch (thrown) {
    return Fault.from(thrown);
  }
}
