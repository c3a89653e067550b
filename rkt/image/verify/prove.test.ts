/** Proof by certificates: who signs, and what, must be exactly what a policy says. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { platformOf } from "@rkt/spec";
import { describeFault, Fault } from "@shared/base";
import { openLayout } from "../fetch/layout.ts";
import { SECURE } from "../host.ts";
import type { Verification } from "../image.ts";
import { resolveImage } from "../oci/resolve-oci.ts";
import { demandFor } from "./demand.ts";
import { proveOrigin } from "./prove.ts";

const DATA = join(import.meta.dirname, "testdata/keyless");
const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const SIGNER = { subject: "signer@example.test", issuer: "https://issuer.example.test" };
const read = (name: string): string => readFileSync(join(DATA, name), "utf8");

interface Case {
  readonly bundle?: string;
  readonly damage?: (text: string) => string;
  readonly manifest?: (text: string) => string;
  readonly signer?: Partial<typeof SIGNER>;
  readonly trustedRoot?: string;
}

describe("bundles by a certificate", () => {
  let directory = "";
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "rkt-keyless-"));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  /** Proves a layout that holds the signed manifest and one bundle. */
  async function prove(given: Case): Promise<Verification> {
    const { bundle = "statement.json", damage = same, manifest = same } = given;
    const root = mkdtempSync(join(directory, "layout-"));
    mkdirSync(join(root, "blobs/sha256"), { recursive: true });
    const add = (mediaType: string, text: string) => {
      const hex = createHash("sha256").update(text).digest("hex");
      writeFileSync(join(root, "blobs/sha256", hex), text);
      return { mediaType, digest: `sha256:${hex}`, size: Buffer.byteLength(text) };
    };
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const image = add(mediaType, manifest(read("manifest.json")));
    const blob = add(BUNDLE, damage(read(bundle)));
    const config = add("application/vnd.oci.empty.v1+json", "{}");
    const body = { mediaType, artifactType: BUNDLE, config, layers: [blob], subject: image };
    const referrer = add(mediaType, JSON.stringify({ schemaVersion: 2, ...body }));
    const manifests = [image, { ...referrer, artifactType: BUNDLE }];
    writeFileSync(join(root, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
    writeFileSync(join(root, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    return await proveLayout(root, given);
  }

  async function proveLayout(root: string, given: Case): Promise<Verification> {
    const { signer = {}, trustedRoot = join(DATA, "trusted_root.json") } = given;
    const policies = join(root, "trust.d");
    mkdirSync(policies);
    const sigstore = { ...SIGNER, ...signer, trustedRoot };
    const policy = { rktKind: "trustPolicy", rktVersion: "v1", prefixes: ["oci:"] };
    writeFileSync(
      join(policies, "p.json"),
      JSON.stringify({ ...policy, policy: "require", sigstore }),
    );
    const host = {
      keyTrees: [],
      policyDirectories: [policies],
      note: () => undefined,
      clock: { now: () => 0, sleep: async () => undefined },
    };
    const origin = { kind: "oci", directory: root } as const;
    const demand = demandFor(host, origin, SECURE);
    if (demand.kind === "nothing") throw new Error("the policy does not count");
    const source = openLayout(origin);
    const image = await resolveImage(origin, source, platformOf("linux", "x64"));
    return await proveOrigin(host, source, { image, demand });
  }

  for (const bundle of ["statement.json", "dsse.json", "message.json"]) {
    test(`${bundle} proves signer and image`, async () => {
      const hex = createHash("sha256").update(read("manifest.json")).digest("hex");
      expect(await prove({ bundle })).toMatchObject({
        kind: "sigstore",
        identity: SIGNER.subject,
        issuer: SIGNER.issuer,
        digest: `sha256:${hex}`,
      });
    });
  }

  const flip = (field: string) => (text: string) =>
    text.replace(
      new RegExp(`("${field}": ?"[^"]{40})(.)`),
      (_all, before: string, c: string) => `${before}${c === "A" ? "B" : "A"}`,
    );
  const other = (text: string): string => text.replace('"layers":[]', '"layers": []');
  const root = (change: (root: { tlogs: unknown[]; ctlogs: unknown[] }) => void) => (): string => {
    const document = JSON.parse(read("trusted_root.json")) as never;
    change(document);
    const path = join(directory, `${createHash("md5").update(String(change)).digest("hex")}.json`);
    writeFileSync(path, JSON.stringify(document));
    return path;
  };
  const refusals: Readonly<Record<string, readonly [() => Case, string]>> = {
    "another subject": [() => ({ signer: { subject: "other@example.test" } }), "whom no policy"],
    "a subject that is only a part": [() => ({ signer: { subject: "signer" } }), "whom no policy"],
    "another issuer": [() => ({ signer: { issuer: "https://other.test" } }), "whom no policy"],
    "another image, by a statement": [() => ({ manifest: other }), "another image"],
    "another image, by a message": [
      () => ({ manifest: other, bundle: "message.json" }),
      "another image",
    ],
    "a changed statement": [() => ({ damage: flip("payload") }), "does not hold"],
    "a changed signature": [
      () => ({ damage: flip("signature"), bundle: "message.json" }),
      "does not hold",
    ],
    "a changed certificate": [() => ({ damage: flip("rawBytes") }), "does not hold"],
    "a changed log entry": [() => ({ damage: flip("canonicalizedBody") }), "does not hold"],
    "a changed log entry of kind dsse": [
      () => ({ damage: flip("canonicalizedBody"), bundle: "dsse.json" }),
      "does not hold",
    ],
    "a log entry of kind dsse that says another name for itself": [
      () => ({
        damage: (text) => text.replace('"kind": "dsse"', '"kind": "intoto"'),
        bundle: "dsse.json",
      }),
      "does not hold",
    ],
    "a log that is not trusted": [
      () => ({ trustedRoot: root((r) => void (r.tlogs = []))() }),
      "does not hold",
    ],
    "a log of certificates that is not trusted": [
      () => ({ trustedRoot: root((r) => void (r.ctlogs = []))() }),
      "does not hold",
    ],
  };
  for (const [name, [given, message]] of Object.entries(refusals)) {
    test(`refused: ${name}`, async () => {
      const fault = await failureOf(prove(given()));
      expect(fault.kind).toBe("denied");
      expect(describeFault(fault)).toContain(message);
    });
  }

  test("a trusted root that is not there is told by its name", async () => {
    const fault = await failureOf(prove({ trustedRoot: "/none/root.json" }));
    expect(describeFault(fault)).toContain('read trusted root "/none/root.json"');
  });
});

function same(text: string): string {
  return text;
}

async function failureOf(promise: Promise<unknown>): Promise<Fault> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) throw new Error("it did not fail");
  return Fault.from(error);
}
