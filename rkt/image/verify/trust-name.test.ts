/** Names under which images are trusted, and which signed names cover which references. */
import { describe, expect, test } from "bun:test";
import { parseDockerReference } from "@rkt/spec";
import {
  coversReference,
  parseSignedIdentity,
  parseTrustPrefix,
  prefixesOf,
  trustNameOf,
} from "./trust-name.ts";

const NAMES: readonly (readonly [string, string])[] = [
  ["busybox", "docker.io/library/busybox"],
  ["docker.io/busybox:1.36", "docker.io/library/busybox"],
  ["index.docker.io/library/busybox", "docker.io/library/busybox"],
  ["registry-1.docker.io/library/busybox", "docker.io/library/busybox"],
  ["Quay.IO/a/b", "quay.io/a/b"],
  ["localhost:5000/a", "localhost:5000/a"],
];
for (const [text, name] of NAMES) {
  test(`${text} is trusted as ${name}`, () => {
    expect(trustNameOf(parseDockerReference(text))).toBe(name);
  });
}

test("a layout is trusted by its directory", () => {
  expect(trustNameOf({ kind: "oci", directory: "/a/../b" })).toBe("oci:/b");
});

test("prefixes end at slashes", () => {
  expect(prefixesOf("a.test/b/c")).toEqual(["a.test", "a.test/b", "a.test/b/c"]);
});

describe("parseTrustPrefix", () => {
  test("takes Docker Hub by any of its names", () => {
    for (const hub of ["docker.io", "index.docker.io", "registry-1.docker.io"]) {
      expect(parseTrustPrefix(`${hub}/library`)).toBe("docker.io/library");
    }
    expect(parseTrustPrefix("10.0.0.1:5000/a/b-c")).toBe("10.0.0.1:5000/a/b-c");
  });

  for (const text of ["", "..", "a.test/", "a.test//b", "a.test/../b", "/a", "A.test", "library"]) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseTrustPrefix(text)).toThrow("use prefix");
    });
  }
});

/** Signed name, name asked for, whether the first covers the second. */
const COVERED: readonly (readonly [string, string, boolean])[] = [
  ["index.docker.io/library/busybox", "busybox", true],
  ["docker.io/library/busybox", "busybox:1.36", true],
  ["docker.io/library/busybox:1.36", "busybox:1.36", true],
  ["docker.io/library/busybox:1.36", "busybox:1.37", false],
  ["docker.io/library/busybox:1.36", "busybox", false],
  ["docker.io/library/busybox:1.36", `busybox@sha256:${"1".repeat(64)}`, true],
  [`docker.io/library/busybox@sha256:${"1".repeat(64)}`, "busybox", true], // checked elsewhere
  ["docker.io/library", "docker.io/library/busybox", false],
  ["a.test:5000/b", "a.test:5000/b:x", true],
  ["a.test:5000/b", "a.test:5001/b", false],
  ["a.test:5000/b:y", "a.test:5000/b:x", false],
];
for (const [signed, asked, covered] of COVERED) {
  test(`${signed} ${covered ? "covers" : "does not cover"} ${asked}`, () => {
    const identity = parseSignedIdentity(signed);
    expect(coversReference(identity, parseDockerReference(asked))).toBe(covered);
  });
}
