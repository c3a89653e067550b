/** AC Names and AC Identifiers: what is one, what is said of what is none, what becomes one. */
import { describe, expect, test } from "bun:test";
import { assert, property, string } from "fast-check";
import {
  defaultAppName,
  parseAcIdentifier,
  parseAcName,
  sanitiseAcIdentifier,
  sanitiseAcName,
} from "./ac-name.ts";

const NAME_CHARACTERS = 'ACName must contain only lower case alphanumeric characters plus "-"';
const NAME_EDGES = "ACName must start and end with only lower case alphanumeric characters";
const IDENTIFIER_CHARACTERS =
  'ACIdentifier must contain only lower case alphanumeric characters plus "-._~/"';
const IDENTIFIER_EDGES =
  "ACIdentifier must start and end with only lower case alphanumeric characters";

describe("parseAcName", () => {
  test.each(["a", "0", "etcd", "etcd-data", "a--b", "80-tcp"])("takes %p", (text) => {
    expect(parseAcName(text)).toBe(text);
  });
  test.each([
    ["", "ACName cannot be empty", "empty"],
    ["Bad_Name", NAME_CHARACTERS, "characters are asked about before edges"],
    ["a.b", NAME_CHARACTERS, "a dot is for identifiers"],
    ["a/b", NAME_CHARACTERS, "names become directory names"],
    ["-a", NAME_EDGES, "first"],
    ["a-", NAME_EDGES, "last"],
    ["a\n", NAME_CHARACTERS, "a line end is no end of the text"],
  ])("refuses %p", (text, message, _reason) => {
    expect(() => parseAcName(text)).toThrow(new Error(message));
  });
});

describe("parseAcIdentifier", () => {
  test.each(["coreos.com/etcd", "a~b", "a_b", "a//b", "1"])("takes %p", (text) => {
    expect(parseAcIdentifier(text)).toBe(text);
  });
  test.each([
    ["", "ACIdentifier cannot be empty", "empty"],
    ["Bad_Name", IDENTIFIER_CHARACTERS, "upper case"],
    ["a b", IDENTIFIER_CHARACTERS, "space"],
    ["/a", IDENTIFIER_EDGES, "first"],
    ["sha512-", IDENTIFIER_EDGES, "what a hash without digits is taken for"],
  ])("refuses %p", (text, message, _reason) => {
    expect(() => parseAcIdentifier(text)).toThrow(new Error(message));
  });
});

describe("sanitise", () => {
  test.each([
    ["Hello_World", "hello-world"],
    ["--a--", "a"],
    ["volume//data", "volume--data"],
    ["80/tcp", "80-tcp"],
    ["ÀB", "b"],
  ])("makes %p the name %p", (text, name) => {
    expect(sanitiseAcName(text)).toBe(name);
  });
  test("makes a registry with a port an identifier, as docker2aci does", () => {
    expect(sanitiseAcIdentifier("golden.test:5000/lib/app")).toBe("golden.test_5000/lib/app");
  });
  test("says so where nothing is left", () => {
    expect(() => sanitiseAcName("___")).toThrow("must contain at least one valid character");
    expect(() => sanitiseAcIdentifier("::")).toThrow("must contain at least one valid character");
  });
  test("gives a valid name or says that there is none, whatever the text", () => {
    assert(property(string({ unit: "binary" }), (text) => validOrEmpty(text)));
  });
});

test.each([
  ["coreos.com/etcd", "etcd"],
  ["quay.io/coreos/alpine-sh", "alpine-sh"],
  ["busybox", "busybox"],
  ["example.com/my_app.v2", "my-app-v2"],
])("the app of %p is called %p", (image, app) => {
  expect(defaultAppName(image)).toBe(app);
});

function validOrEmpty(text: string): boolean {
  try {
    const name = sanitiseAcName(text);
    return parseAcName(name) === name;
  } catch (thrown) {
    return String(thrown).includes("at least one valid character");
  }
}
