import { describe, expect, test } from "bun:test";
import { Fault } from "@shared/base";
import { parseTrustPolicy, ruleFor, type TrustRule } from "./trust-policy.ts";

const head = { rktKind: "trustPolicy", rktVersion: "v1" };
const parse = (fields: object): TrustRule[] =>
  parseTrustPolicy(JSON.stringify({ ...head, ...fields }));

describe("parseTrustPolicy", () => {
  test("one rule for each prefix, without a slash at its end", () => {
    expect(parse({ prefixes: ["a.test/", ""], policy: "require" })).toEqual([
      { prefix: "a.test", policy: "require" },
      { prefix: "", policy: "require" },
    ]);
  });

  const wrong: readonly (readonly [string, object, string])[] = [
    ["another kind", { rktKind: "auth" }, "rktKind"],
    ["another version", { rktVersion: "v2" }, "rktKind"],
    ["no policy", { prefixes: ["a"] }, '"policy" must be one of'],
    ["an unknown policy", { prefixes: ["a"], policy: "Require" }, '"policy" must be one of'],
    ["no prefixes", { policy: "reject" }, '"prefixes" is missing'],
    ["an empty list", { policy: "reject", prefixes: [] }, '"prefixes" is missing'],
    ["a text instead of a list", { policy: "reject", prefixes: "a" }, "want a list"],
    [
      "a signer without an issuer",
      { policy: "require", prefixes: ["a"], sigstore: { trustedRoot: "/a", subject: "b" } },
      '"sigstore.issuer" is missing',
    ],
  ];
  for (const [name, fields, message] of wrong) {
    test(`refuses ${name}`, () => {
      const fault = Fault.from(failure(() => parse(fields)));
      expect(fault.kind).toBe("invalid");
      expect(fault.message).toContain(message);
    });
  }
});

describe("ruleFor", () => {
  const rules = ["", "a.test", "a.test/b", "oci:", "oci:/srv"].map(
    (prefix): TrustRule => ({ prefix, policy: "require" }),
  );
  const cases: readonly (readonly [string, string])[] = [
    ["a.test/b/c", "a.test/b"],
    ["a.test/b", "a.test/b"],
    ["a.test/bc", "a.test"],
    ["a.test:5000/b", ""],
    ["a.tests/b", ""],
    ["oci:/srv/x", "oci:/srv"],
    ["oci:/srvx", "oci:"],
  ];
  for (const [name, prefix] of cases) {
    test(`${name} → ${JSON.stringify(prefix)}`, () => {
      expect(ruleFor(rules, name)?.prefix).toBe(prefix);
    });
  }

  test("without a rule for every image there may be none", () => {
    expect(ruleFor(rules.slice(1), "b.test/x")).toBeUndefined();
  });
});

function failure(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}
