/**
 * What holds for every text that others may send or type: a parser gives a value or a fault, soon.
 */
import { expect, test } from "bun:test";
import { Fault } from "@shared/base";
import fc from "fast-check";
import { parseDockerReference } from "./docker-reference.ts";
import { parseImageManifest } from "./image-manifest.ts";
import { parseImageReference } from "./image-reference.ts";
import { findJsonProblem } from "./json-problem.ts";
import { parseOciConfig, parseOciDocument } from "./oci-image.ts";

const KINDS = ["invalid", "unsupported"];

/** Anything but a value or a fault that blames the input is a defect. */
function settles(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    expect(KINDS).toContain(error.kind);
    expect(error.message.length).toBeLessThan(100_000);
  }
}

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.stringMatching(/^(docker|oci|file|https?|cimd|oci-archive):[!-~]{0,40}$/),
  fc.stringMatching(/^[a-z0-9.:@/_,=-]{0,60}$/),
);

test("any text as an image reference", () => {
  fc.assert(
    fc.property(text, (each) => settles(() => parseImageReference(each, { exists: () => false }))),
    { numRuns: 2000 },
  );
});

test("a docker reference says the same again when it is written out", () => {
  const name = fc.stringMatching(/^[a-z0-9]{1,8}(\/[a-z0-9]{1,8}){0,3}(:[a-z0-9][a-z0-9.]{0,5})?$/);
  fc.assert(
    fc.property(name, (each) => {
      const { registry, repository, tag } = parseDockerReference(each);
      const again = parseDockerReference(`${registry}/${repository}:${tag ?? "latest"}`);
      expect([again.registry, again.repository]).toEqual([registry, repository]);
    }),
  );
});

const FIELDS = [
  ...["mediaType", "schemaVersion", "manifests", "layers", "config", "digest", "size", "platform"],
  ...["annotations", "os", "architecture", "rootfs", "diff_ids", "acKind", "acVersion", "name"],
  ...["labels", "app", "exec", "user", "group", "dependencies", "pathWhitelist", "ports", "value"],
];
const { document } = fc.letrec((tie) => ({
  document: fc.dictionary(fc.constantFrom(...FIELDS), tie("value"), { maxKeys: 8 }),
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(
      ...[null, true, 2, -1, 1.5, "", "linux", "ImageManifest", "0.8.11", "__proto__"],
      ...["application/vnd.oci.image.config.v1+json", `sha256:${"a".repeat(64)}`],
    ),
    fc.string(),
    fc.array(tie("value"), { maxLength: 3 }),
    tie("document"),
  ),
}));

const PARSERS: Readonly<Record<string, (text: string) => unknown>> = {
  "an OCI index or manifest": parseOciDocument,
  "an OCI configuration": parseOciConfig,
  "an image manifest": parseImageManifest,
};

for (const [name, parse] of Object.entries(PARSERS)) {
  test(`any document as ${name}`, () => {
    fc.assert(
      fc.property(document, (each) => settles(() => parse(JSON.stringify(each)))),
      { numRuns: 1500 },
    );
  });
  test(`any text as ${name}`, () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.json()), (each) => settles(() => parse(each))),
      { numRuns: 500 },
    );
  });
}

test("a text has a problem exactly where the runtime cannot parse it", () => {
  const cut = fc.tuple(fc.json(), fc.nat(200)).map(([json, at]) => json.slice(0, at));
  fc.assert(
    fc.property(fc.oneof(cut, fc.json(), text), (each) => {
      expect(findJsonProblem(each) === undefined).toBe(isJson(each));
    }),
    { numRuns: 1000 },
  );
});

function isJson(each: string): boolean {
  try {
    JSON.parse(each);
    return true;
  } catch {
    return false;
  }
}
