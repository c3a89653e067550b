/**
 * `rkt image sbom`: bills of materials beside images in a real registry and in layouts, in each of
 * the ways in which tools attach them.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { architecture } from "./fixtures/busybox.ts";
import { type Attachment, blobOf, descriptorOf, jsonBlob, referrerOf } from "./fixtures/cosign.ts";
import { type Blob, busyboxOci, writeLayout } from "./fixtures/oci.ts";
import { asReferrers, printPushList, underTag } from "./fixtures/push-attachments.ts";
import { type Registry, startRegistry } from "./fixtures/registry.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const PUSH = join(import.meta.dir, "fixtures/registry.ts");
const ATTACH = join(import.meta.dir, "fixtures/push-attachments.ts");
const INSECURE = "--insecure-options=image,http";

const SPDX = jsonBlob("application/spdx+json", { spdxVersion: "SPDX-2.3", name: "busybox" });
const CYCLONEDX = jsonBlob("application/vnd.cyclonedx+json", { bomFormat: "CycloneDX" });

feature("rkt image sbom", { programs: { "docker-registry": "docker-registry" } }, (world) => {
  let registry: Registry;
  const image = busyboxOci();
  const reference = (): string => `docker://${registry.address}/test/sbom`;
  const sbom = (...argv: string[]) => world().rkt(["image", "sbom", INSECURE, ...argv]);

  beforeAll(async () => {
    const { directory, machine } = world();
    registry = await startRegistry({ directory, within: machine.beside });
    const layout = writeLayout(join(directory, "layout"), image);
    await program(PUSH, registry.address, "test/sbom", "latest", layout);
  });

  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
  });

  async function program(...argv: string[]): Promise<void> {
    const { status, stderr } = await world().machine.run([process.execPath, "run", ...argv]);
    if (status !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
  }

  async function attach(list: ReturnType<typeof asReferrers>): Promise<void> {
    const file = join(world().directory, "attachments.json");
    writeFileSync(file, printPushList(list));
    await program(ATTACH, registry.address, "test/sbom", file);
  }

  test("an image without one", async () => {
    expect(refused(await sbom(reference()))).toBe(
      `sbom: find a bill of materials of "${reference()}": nothing such is attached to it`,
    );
    expect(succeeded(await sbom("--format=list", "--no-legend", reference()))).toBe("");
  });

  test("referrers: the first is printed, all are listed, one is chosen", async () => {
    const referrers = [SPDX, CYCLONEDX].map((blob) =>
      referrerOf(image.manifest, blob, blob.mediaType),
    );
    await attach(asReferrers(referrers));
    expect(succeeded(await sbom(reference()))).toBe(SPDX.bytes.toString());
    const list = succeeded(await sbom("--format=list", reference())).split("\n");
    expect(list[0]).toMatch(/^DIGEST\t+TYPE\t+SIZE\t+FROM\t+MEDIA TYPE$/);
    expect(list[1]).toStartWith(`${SPDX.digest}\tspdx\t`);
    expect(list[2]).toStartWith(`${CYCLONEDX.digest}\tcyclonedx\t`);
    const one = await sbom(`--digest=${CYCLONEDX.digest}`, reference());
    expect(succeeded(one)).toBe(CYCLONEDX.bytes.toString());
  });

  test("cosign's tag", async () => {
    const tagged = jsonBlob("text/spdx+json", { spdxVersion: "SPDX-2.2" });
    const { manifests, blobs } = underTag(attachmentOf(image.manifest, tagged));
    const named = manifests.map((each) => ({ ...each, name: each.name.replace(".sig", ".sbom") }));
    await attach({ blobs, manifests: named });
    const one = await sbom(`--digest=${tagged.digest}`, reference());
    expect(succeeded(one)).toBe(tagged.bytes.toString());
  });

  test("a stored image is asked for where it came from", async () => {
    const id = succeeded(await world().rkt(["fetch", INSECURE, reference()])).trim();
    expect(succeeded(await sbom(id))).toBe(SPDX.bytes.toString());
  });

  test("an attestation in the index of a layout", async () => {
    const document = { spdxVersion: "SPDX-2.3", name: "attested" };
    expect(succeeded(await sbom(`oci:${attestedLayout(document)}`))).toBe(
      `${JSON.stringify(document)}\n`,
    );
  });

  describe("what cannot have one, or lies", () => {
    test("an ACI", async () => {
      await world().store();
      expect(refused(await sbom("example.test/busybox"))).toBe(
        'sbom: find what is attached to "example.test/busybox:1.0.0": ' +
          "nothing can be attached to an ACI",
      );
    });

    test("a document whose bytes are not those of its digest", async () => {
      const hex = SPDX.digest.slice("sha256:".length);
      const path = `docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
      const file = join(registry.storage, path);
      writeFileSync(file, readFileSync(file, "utf8").replace("busybox", "BUSYBOX"));
      expect(refused(await sbom(reference()))).toStartWith(
        `sbom: fetch "${SPDX.digest}": its digest is`,
      );
    });
  });

  /** As BuildKit writes it: an index of the image and of a manifest for no platform. */
  function attestedLayout(predicate: object): string {
    const directory = writeLayout(join(world().directory, "attested"), image);
    const statement = jsonBlob("application/vnd.in-toto+json", {
      _type: "https://in-toto.io/Statement/v0.1",
      predicateType: "https://spdx.dev/Document",
      predicate,
    });
    const annotations = { "in-toto.io/predicate-type": "https://spdx.dev/Document" };
    const config = jsonBlob("application/vnd.oci.image.config.v1+json", {});
    const attestation = manifestOf(config, { ...descriptorOf(statement), annotations });
    const platform = { os: "linux", architecture: architecture.oci };
    const index = jsonBlob("application/vnd.oci.image.index.v1+json", {
      schemaVersion: 2,
      manifests: [
        { ...descriptorOf(image.manifest), platform },
        {
          ...descriptorOf(attestation),
          platform: { os: "unknown", architecture: "unknown" },
          annotations: {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": image.manifest.digest,
          },
        },
      ],
    });
    for (const { digest, bytes } of [statement, config, attestation, index]) {
      writeFileSync(join(directory, "blobs", digest.replace(":", "/")), bytes);
    }
    const top = { schemaVersion: 2, manifests: [descriptorOf(index)] };
    writeFileSync(join(directory, "index.json"), JSON.stringify(top));
    return directory;
  }
});

function attachmentOf(subject: Blob, blob: Blob): Attachment {
  const config = blobOf("application/vnd.oci.image.config.v1+json", Buffer.from("{}"));
  const manifest = manifestOf(config, descriptorOf(blob));
  return { subject: subject.digest, manifest, blobs: [config, blob] };
}

function manifestOf(config: Blob, layer: Record<string, unknown>): Blob {
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const document = { schemaVersion: 2, mediaType, config: descriptorOf(config), layers: [layer] };
  return jsonBlob(mediaType, document);
}
