/**
 * Proof by a certificate, without a key and without the network: the executable has all it needs in
 * itself, and a policy names the authorities and the signer. The signed image and its bundles were
 * made once (see the README beside them).
 */
import { beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const DATA = join(import.meta.dir, "../rkt/image/verify/testdata/keyless");
const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const ANOTHER = process.arch === "x64" ? undefined : "the signed image is for amd64";

feature("bundles by a certificate", { lacks: ANOTHER }, (world) => {
  let directory = "";

  beforeAll(() => {
    directory = join(world().directory, "signed");
    mkdirSync(join(directory, "blobs/sha256"), { recursive: true });
    const add = (mediaType: string, bytes: string | Buffer) => {
      const hex = createHash("sha256").update(bytes).digest("hex");
      writeFileSync(join(directory, "blobs/sha256", hex), bytes);
      return { mediaType, digest: `sha256:${hex}`, size: Buffer.byteLength(bytes) };
    };
    const file = (name: string): Buffer => readFileSync(join(DATA, name));
    add("", file("config.json"));
    const image = add(MANIFEST, file("manifest.json"));
    const bundle = add(BUNDLE, file("statement.json"));
    const config = add("application/vnd.oci.empty.v1+json", "{}");
    const body = { mediaType: MANIFEST, artifactType: BUNDLE, config, layers: [bundle] };
    const referrer = add(MANIFEST, JSON.stringify({ schemaVersion: 2, ...body, subject: image }));
    const manifests = [image, { ...referrer, artifactType: BUNDLE }];
    writeFileSync(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
    writeFileSync(join(directory, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  });

  const policy = (subject: string): void => {
    const place = join(world().config, "trust.d");
    mkdirSync(place, { recursive: true });
    const sigstore = {
      trustedRoot: join(DATA, "trusted_root.json"),
      issuer: "https://issuer.example.test",
      subject,
    };
    const rule = { prefixes: [`oci:${directory}`], policy: "require", sigstore };
    const document = { rktKind: "trustPolicy", rktVersion: "v1", ...rule };
    writeFileSync(join(place, "signer.json"), JSON.stringify(document));
  };
  const fetch = () => world().rkt(["fetch", `oci:${directory}`]);

  test("without a policy nobody's certificate counts", async () => {
    expect(refused(await fetch())).toContain("no policy says whose count");
  });

  test("another signer than the policy's is refused", async () => {
    policy("other@example.test");
    expect(refused(await fetch())).toContain('it is signed by "signer@example.test"');
  });

  test("the policy's signer is accepted and recorded", async () => {
    policy("signer@example.test");
    succeeded(await fetch());
    const list = ["image", "list", "--no-legend", "--full", "--fields=verification"];
    expect(succeeded(await world().rkt(list))).toContain(
      "sigstore https://issuer.example.test signer@example.test\n",
    );
  });
});
