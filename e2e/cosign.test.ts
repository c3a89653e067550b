/**
 * Proof of origin for container images: keys, signatures in cosign's form beside images in a real
 * registry and in layouts, what happens when any part of them is wrong, and trust policies.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Attachment,
  bundleReferrer,
  type CosignAlgorithm,
  type CosignKey,
  createCosignKey,
  descriptorOf,
  jsonBlob,
  type SimpleSigningOptions,
  simpleSigning,
} from "./fixtures/cosign.ts";
import { architecture } from "./fixtures/busybox.ts";
import { busyboxOci, type OciImage, writeLayout } from "./fixtures/oci.ts";
import {
  asReferrers,
  printPushList,
  type PushList,
  underTag,
} from "./fixtures/push-attachments.ts";
import { digestOfZeros, zeros } from "./fixtures/hostile/bombs.ts";
import { imageOf } from "./fixtures/hostile/image.ts";
import { type Registry, startRegistry } from "./fixtures/registry.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const REGISTRY = { "docker-registry": "docker-registry" };
const PUSH = join(import.meta.dir, "fixtures/registry.ts");
const ATTACH = join(import.meta.dir, "fixtures/push-attachments.ts");

feature("proof of origin of container images", { programs: REGISTRY }, (world) => {
  let registry: Registry;
  const key: CosignKey = createCosignKey();
  const stranger: CosignKey = createCosignKey();
  let serial = 0;

  beforeAll(async () => {
    const { directory, machine } = world();
    registry = await startRegistry({ directory, within: machine.beside });
    await trust(key, `--prefix=${registry.address}/signed`);
  });

  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
  });

  async function program(...argv: string[]): Promise<void> {
    const { status, stderr } = await world().machine.run([process.execPath, "run", ...argv]);
    if (status !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
  }

  async function trust(which: CosignKey, scope: string): Promise<string> {
    const path = join(world().directory, `${which.fingerprint}.pub`);
    writeFileSync(path, which.publicKey);
    const argv = ["trust", scope, "--skip-fingerprint-review", `--cosign-key=${path}`];
    return succeeded(await world().rkt(argv));
  }

  /** An image that no other test has, in a repository of its own below `signed/`. */
  async function pushed(): Promise<{ image: OciImage; repository: string; reference: string }> {
    const name = `image-${++serial}`;
    const image = busyboxOci({ layers: [[{ path: name, kind: "file", bytes: name }]] });
    const repository = `signed/${name}`;
    const layout = writeLayout(join(world().directory, "push", name), image);
    await program(PUSH, registry.address, repository, "latest", layout);
    return { image, repository, reference: `${registry.address}/${repository}` };
  }

  async function attach(repository: string, list: PushList): Promise<void> {
    const file = join(world().directory, `attach-${++serial}.json`);
    writeFileSync(file, printPushList(list));
    await program(ATTACH, registry.address, repository, file);
  }

  const fetch = (reference: string, insecure = "http") =>
    world().rkt(["fetch", `--insecure-options=${insecure}`, reference]);

  const fetchDocker = (reference: string, insecure?: string) =>
    fetch(`docker://${reference}`, insecure);

  const verificationOf = async (name: string): Promise<unknown> => {
    const list = succeeded(await world().rkt(["image", "list", "--format=json"]));
    const images = JSON.parse(list) as { name: string; verification: unknown }[] | null;
    return images?.find((each) => each.name.startsWith(name))?.verification;
  };

  test("a signature by a trusted key lets the image in, and is recorded with it", async () => {
    const { image, repository, reference } = await pushed();
    const { digest } = image.manifest;
    await attach(repository, underTag(simpleSigning(key, { digest, reference })));
    const finished = await fetchDocker(reference);
    expect(succeeded(finished)).toMatch(/^sha512-/);
    expect(finished.stderr).toContain(
      `image: signature verified:\n  ${reference} (key sha256:${key.fingerprint})\n`,
    );
    expect(await verificationOf(reference)).toEqual({
      kind: "cosign",
      fingerprint: key.fingerprint,
      identity: reference,
      digest,
    });
    const list = ["image", "list", "--no-legend", "--full", "--fields=name,verification"];
    expect(succeeded(await world().rkt(list))).toContain(
      `${reference}:latest\tcosign sha256:${key.fingerprint} ${reference}\n`,
    );
    const manifest = await world().rkt(["image", "cat-manifest", `${reference}:latest`]);
    expect(JSON.parse(succeeded(manifest))).toMatchObject({ acKind: "ImageManifest" });
    expect(manifest.stderr).toBe(
      `image: verification: cosign sha256:${key.fingerprint} ${reference}\n`,
    );
  });

  const algorithms: readonly CosignAlgorithm[] = ["p384", "rsa", "rsa-pss", "ed25519"];
  for (const algorithm of algorithms) {
    test(`a key of another sort: ${algorithm}`, async () => {
      const { image, repository, reference } = await pushed();
      const signer = createCosignKey(algorithm);
      const { digest } = image.manifest;
      await attach(repository, underTag(simpleSigning(signer, { digest, reference })));
      expect(refused(await fetchDocker(reference))).toContain("by no key that is trusted for it");
      await trust(signer, `--prefix=${reference}`);
      succeeded(await fetchDocker(reference));
    });
  }

  test("the signature of an index covers the manifests that it names", async () => {
    const { image, repository, reference } = await pushed();
    const platform = { os: "linux", architecture: architecture.oci };
    const mediaType = "application/vnd.oci.image.index.v1+json";
    const manifests = [{ ...descriptorOf(image.manifest), platform }];
    const index = jsonBlob(mediaType, { schemaVersion: 2, mediaType, manifests });
    await attach(repository, { blobs: [], manifests: [{ name: "multi", blob: index }] });
    expect(refused(await fetchDocker(`${reference}:multi`))).toContain("no signature is attached");
    const { digest } = index;
    await attach(repository, underTag(simpleSigning(key, { digest, reference })));
    succeeded(await fetchDocker(`${reference}:multi`));
    expect(await verificationOf(reference)).toMatchObject({ kind: "cosign", digest });
    expect(refused(await fetchDocker(reference))).toContain("no signature is attached");
  });

  test("a bundle of cosign 3, attached as a referrer", async () => {
    const { image, repository, reference } = await pushed();
    await attach(repository, asReferrers([bundleReferrer(key, { subject: image.manifest })]));
    succeeded(await fetchDocker(reference));
    const { digest } = image.manifest;
    expect(await verificationOf(reference)).toEqual({
      kind: "cosign",
      fingerprint: key.fingerprint,
      identity: reference,
      digest,
    });
  });

  test("one good signature among bad ones is enough", async () => {
    const { image, repository, reference } = await pushed();
    const { digest } = image.manifest;
    await attach(repository, underTag(simpleSigning(stranger, { digest, reference })));
    const bundles = [stranger, key].map((each) =>
      bundleReferrer(each, { subject: image.manifest }),
    );
    await attach(repository, asReferrers(bundles));
    succeeded(await fetchDocker(reference));
  });

  test("the guide's own commands, at a site that serves docker.io itself", async () => {
    const { image, repository, reference } = await pushed();
    const { digest } = image.manifest;
    const site = join(world().config, "registries.d");
    mkdirSync(site, { recursive: true });
    const rule = { prefix: "docker.io/library/busybox", location: reference };
    const document = { rktKind: "registries", rktVersion: "v1", registries: [rule] };
    writeFileSync(join(site, "hub.json"), JSON.stringify(document));
    const own = createCosignKey();
    await trust(own, "--prefix=docker.io/library");
    expect(refused(await fetchDocker("busybox"))).toContain("no signature is attached to it");
    const signed = simpleSigning(own, { digest, reference: "index.docker.io/library/busybox" });
    await attach(repository, underTag(signed));
    succeeded(await fetchDocker("busybox"));
    expect(await verificationOf("registry-1.docker.io/library/busybox")).toMatchObject({
      kind: "cosign",
      identity: "index.docker.io/library/busybox",
    });
    rmSync(site, { recursive: true });
    rmSync(join(world().config, "trustedkeys/prefix.d/docker.io"), { recursive: true });
  });

  test("what grows 1000 times is a bomb, unless a trusted key stands for it", async () => {
    const image = imageOf(zeros("gzip", "disk", 9), digestOfZeros("disk", 9));
    const repository = "signed/zeros";
    const reference = `${registry.address}/${repository}`;
    const layout = writeLayout(join(world().directory, "zeros"), image);
    await program(PUSH, registry.address, repository, "latest", layout);
    const data = join(world().directory, "zeros-data");
    const argv = (insecure: string): string[] => [
      ...["fetch", `--insecure-options=${insecure}`, `docker://${reference}`],
    ];
    const bomb = await world().rkt(argv("image,http"), { data });
    expect(refused(bomb)).toContain("it is a bomb: ");
    expect(bomb.stderr).toContain("sign the image with a trusted key");
    const { digest } = image.manifest;
    await attach(repository, underTag(simpleSigning(key, { digest, reference })));
    succeeded(await world().rkt(argv("http"), { data }));
    const verify = ["image", "verify", `docker://${reference}`];
    expect(succeeded(await world().rkt(verify, { data }))).toContain("successfully verified");
    rmSync(data, { recursive: true });
  });

  test("signatures are looked for at each mirror, then at the registry", async () => {
    const { image, repository, reference } = await pushed();
    const { digest } = image.manifest;
    const layout = writeLayout(join(world().directory, "mirrored"), image);
    await program(PUSH, registry.address, "mirror", "latest", layout);
    const site = join(world().config, "registries.d");
    mkdirSync(site, { recursive: true });
    const mirrors = ["127.0.0.1:1/down", `${registry.address}/mirror`];
    const rule = { prefix: reference, mirrors };
    const document = { rktKind: "registries", rktVersion: "v1", registries: [rule] };
    writeFileSync(join(site, "mirror.json"), JSON.stringify(document));
    expect(refused(await fetchDocker(reference))).toContain("no signature is attached to it");
    await attach(repository, underTag(simpleSigning(key, { digest, reference })));
    succeeded(await fetchDocker(reference));
    rmSync(site, { recursive: true });
  });

  describe("refuses", () => {
    const other = `sha256:${"0".repeat(64)}`;
    type Damage = (given: { digest: string; reference: string }) => {
      readonly by?: CosignKey;
      readonly options: SimpleSigningOptions;
    };
    const signatures: Readonly<Record<string, readonly [Damage, string]>> = {
      "a payload that was changed after it was signed": [
        (given) => ({
          options: { ...given, afterwards: (text) => text.replace("null", '{"a":1}') },
        }),
        "its signature is by no key that is trusted for it",
      ],
      "a signature by a key that is not trusted": [
        (given) => ({ by: stranger, options: given }),
        "its signature is by no key that is trusted for it",
      ],
      "a payload for another digest": [
        (given) => ({
          options: { ...given, payload: (text) => text.replace(given.digest, other) },
        }),
        `its signature is for \\"${other}\\", another image`,
      ],
      "a payload for another repository": [
        (given) => ({ options: { ...given, reference: `${given.reference}-other` } }),
        "-other",
      ],
      "a payload for another tag": [
        (given) => ({ options: { ...given, reference: `${given.reference}:old` } }),
        ":old",
      ],
      "a payload of another type": [
        (given) => ({
          options: { ...given, payload: (text) => text.replace("cosign container", "atomic") },
        }),
        "its type is",
      ],
      "a payload that is no JSON": [
        (given) => ({ options: { ...given, payload: () => "?" } }),
        "signature payload",
      ],
    };
    for (const [name, [damage, message]] of Object.entries(signatures)) {
      test(name, async () => {
        const { image, repository, reference } = await pushed();
        const { by = key, options } = damage({ digest: image.manifest.digest, reference });
        await attach(repository, {
          ...underTag({ ...simpleSigning(by, options), subject: image.manifest.digest }),
        });
        const line = refused(await fetchDocker(reference));
        expect(line).toStartWith(`fetch: image "${reference}" verification failed: `);
        expect(line).toContain(message.replaceAll("\\", ""));
        expect(await verificationOf(reference)).toBeUndefined();
      });
    }

    const bundles: Readonly<Record<string, readonly [(image: OciImage) => Attachment, string]>> = {
      "a bundle by a key that is not trusted": [
        ({ manifest }) => bundleReferrer(stranger, { subject: manifest }),
        "by no key that is trusted for it",
      ],
      "a bundle for another digest": [
        ({ manifest }) => bundleReferrer(key, { subject: manifest, digest: other }),
        "another image",
      ],
      "a bundle that says something else of the image": [
        ({ manifest }) =>
          bundleReferrer(key, {
            subject: manifest,
            predicateType: "https://slsa.dev/provenance/v1",
          }),
        "signs no image",
      ],
    };
    for (const [name, [make, message]] of Object.entries(bundles)) {
      test(name, async () => {
        const { image, repository, reference } = await pushed();
        await attach(repository, asReferrers([make(image)]));
        expect(refused(await fetchDocker(reference))).toContain(message);
      });
    }

    test("an image without any signature, where a key is trusted for it", async () => {
      const { reference } = await pushed();
      const finished = await fetchDocker(reference);
      expect(refused(finished)).toBe(
        `fetch: image "${reference}" verification failed: no signature is attached to it`,
      );
      expect(finished.stderr).toContain(`rkt trust --prefix ${reference} --cosign-key KEY.pub`);
      expect(finished.stderr).toContain("--insecure-options=image");
      succeeded(await fetchDocker(reference, "image,http"));
      expect(await verificationOf(reference)).toEqual({ kind: "none" });
    });
  });

  describe("rkt trust --cosign-key", () => {
    const file = (text: string): string => {
      const path = join(world().directory, `key-${++serial}`);
      writeFileSync(path, text);
      return path;
    };

    test("shows the fingerprint and writes the key under it", async () => {
      const added = createCosignKey();
      const out = await trust(added, "--prefix=index.docker.io/library");
      const path = "trustedkeys/prefix.d/docker.io/library";
      expect(out.replace(/[ \n]/g, "").toLowerCase()).toContain(added.fingerprint);
      expect(out).toContain("ECDSA P-256");
      expect(out).toContain(`/${path}/${added.fingerprint}.cosign.pub"`);
      expect(readdirSync(join(world().config, path))).toEqual([`${added.fingerprint}.cosign.pub`]);
    });

    const wrong: Readonly<Record<string, readonly [string, string, string]>> = {
      "a private key": [
        "--prefix=a.test",
        "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n",
        "it is a private key",
      ],
      "a text": ["--prefix=a.test", "hello", "it is no public key in PEM"],
      "a key without a prefix": ["--root=false", key.publicKey, "implicit unbounded trust"],
      "a prefix without a registry": ["--prefix=library", key.publicKey, "begin with a registry"],
      "a prefix that leaves the tree": ["--prefix=a.test/../b", key.publicKey, "use prefix"],
    };
    for (const [name, [scope, text, message]] of Object.entries(wrong)) {
      test(`refuses ${name}`, async () => {
        const argv = ["trust", scope, "--skip-fingerprint-review", `--cosign-key=${file(text)}`];
        const finished = await world().rkt(argv);
        expect(finished.status).toBe(254);
        expect(finished.stderr).toContain(message);
      });
    }

    test("nobody at a terminal, nothing trusted", async () => {
      const argv = ["trust", "--prefix=a.test", `--cosign-key=${file(key.publicKey)}`];
      expect(refused(await world().rkt(argv, { input: "yes\n" }).then(withoutOut))).toContain(
        "unable to ask user to review fingerprint due to lack of tty",
      );
    });

    /** Fingerprint and notes are shown before the question. */
    function withoutOut<T extends { stdout: string; stderr: string }>(finished: T): T {
      const stderr = finished.stderr.replace(/^(?:pubkey|key): .*\n/gm, "");
      return { ...finished, stdout: "", stderr };
    }

    test("an empty file masks the vendor's key; a root key counts for every name", async () => {
      const { image, repository, reference } = await pushed();
      const vendor = createCosignKey("ed25519");
      const { digest } = image.manifest;
      await attach(repository, underTag(simpleSigning(vendor, { digest, reference })));
      const name = `${vendor.fingerprint}.cosign.pub`;
      const place = (root: string): string => {
        const directory = join(root, "trustedkeys/prefix.d", registry.address);
        mkdirSync(directory, { recursive: true });
        return join(directory, name);
      };
      const own = place(world().config);
      writeFileSync(place(join(world().directory, "system")), vendor.publicKey);
      writeFileSync(own, "");
      expect(refused(await fetchDocker(reference))).toContain("by no key that is trusted for it");
      rmSync(own);
      succeeded(await fetchDocker(reference));
    });
  });

  describe("a layout", () => {
    /** A layout with further entries for what is attached to its image. */
    function layoutWith(image: OciImage, attachments: readonly Attachment[], tag?: string): string {
      const directory = writeLayout(join(world().directory, `layout-${++serial}`), image);
      const extra = attachments.map(({ manifest, blobs, artifactType }) => {
        for (const blob of [manifest, ...blobs]) {
          writeFileSync(join(directory, "blobs", blob.digest.replace(":", "/")), blob.bytes);
        }
        const annotations = tag && { "org.opencontainers.image.ref.name": tag };
        return { ...descriptorOf(manifest), artifactType, annotations };
      });
      const manifests = [descriptorOf(image.manifest), ...extra];
      writeFileSync(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
      return `oci:${directory}`;
    }
    const image = busyboxOci({ layers: [[{ path: "layout", kind: "file", bytes: "layout" }]] });
    const { digest } = image.manifest;

    test("is trusted by the name that its signature says", async () => {
      const named = simpleSigning(key, { digest, reference: `${registry.address}/signed/app` });
      const tag = `${digest.replace(":", "-")}.sig`;
      const path = layoutWith(image, [named], tag);
      expect(succeeded(await fetch(path))).toMatch(/^sha512-/);
      const elsewhere = simpleSigning(key, { digest, reference: "elsewhere.test/app" });
      expect(refused(await fetch(layoutWith(image, [elsewhere], tag)))).toContain(
        "by no key that is trusted for it",
      );
    });

    test("a referrer that names no image needs a root key", async () => {
      const root = createCosignKey("p384");
      const path = layoutWith(image, [bundleReferrer(root, { subject: image.manifest })]);
      expect(refused(await fetch(path))).toContain("by no key that is trusted for it");
      await trust(root, "--root");
      succeeded(await fetch(path));
    });

    test("without a signature is refused", async () => {
      const finished = await fetch(layoutWith(image, []));
      expect(refused(finished)).toContain("no signature is attached to it");
      expect(finished.stderr).toContain("--insecure-options=image");
    });
  });

  describe("a trust policy", () => {
    const write = (text: object | string): void => {
      const directory = join(world().config, "trust.d");
      mkdirSync(directory, { recursive: true });
      const content = typeof text === "string" ? text : JSON.stringify(text);
      writeFileSync(join(directory, "policy.json"), content);
    };
    const policy = (policyName: string, ...prefixes: string[]): void =>
      write({ rktKind: "trustPolicy", rktVersion: "v1", prefixes, policy: policyName });

    afterAll(() => rmSync(join(world().config, "trust.d"), { recursive: true, force: true }));

    test("accept-unsigned lets an image in and is recorded", async () => {
      const { reference } = await pushed();
      policy("accept-unsigned", reference);
      succeeded(await fetchDocker(reference));
      expect(await verificationOf(reference)).toEqual({ kind: "policy", prefix: reference });
    });

    test("reject keeps it out, whatever the command line says", async () => {
      const { reference } = await pushed();
      policy("reject", `${registry.address}/signed`);
      expect(refused(await fetchDocker(reference, "image,http"))).toContain("is rejected by");
    });

    test("require asks for proof, whatever the command line says", async () => {
      const { image, repository, reference } = await pushed();
      policy("require", "");
      const finished = await fetchDocker(reference, "image,http");
      expect(refused(finished)).toContain("no signature is attached to it");
      expect(finished.stderr).toContain("policy.json");
      const { digest } = image.manifest;
      await attach(repository, underTag(simpleSigning(key, { digest, reference })));
      succeeded(await fetchDocker(reference, "image,http"));
    });

    test("an image of the store counts no longer once a policy asks for more", async () => {
      const { image, repository, reference } = await pushed();
      const run = () =>
        world().rkt([
          ...["run", "--net=none", "--insecure-options=http", `docker://${reference}`],
          "--exec=/bin/true",
        ]);
      policy("accept-unsigned", reference);
      succeeded(await run());
      policy("require", reference);
      expect(refused(await run())).toContain("no signature is attached to it");
      const { digest } = image.manifest;
      await attach(repository, underTag(simpleSigning(key, { digest, reference })));
      succeeded(await run());
      const again = await run();
      succeeded(again);
      expect(again.stderr).toContain("using image from local store");
      policy("reject", reference);
      expect(refused(await run())).toContain("is rejected by");
    });

    test("the longest prefix wins, and only at the end of a word", async () => {
      const { reference } = await pushed();
      const rule = (name: string, prefix: string) => ({
        rktKind: "trustPolicy",
        rktVersion: "v1",
        prefixes: [prefix],
        policy: name,
      });
      write(rule("accept-unsigned", reference));
      const further = join(world().config, "trust.d/further.json");
      writeFileSync(further, JSON.stringify(rule("reject", registry.address)));
      succeeded(await fetchDocker(reference));
      write(rule("accept-unsigned", reference.slice(0, -1)));
      expect(refused(await fetchDocker(reference))).toContain("is rejected by");
      rmSync(further);
    });

    const wrong: Readonly<Record<string, string>> = {
      "that is no JSON": "{",
      "of another kind": '{"rktKind":"auth","rktVersion":"v1"}',
      "with an unknown word": '{"rktKind":"trustPolicy","rktVersion":"v1","policy":"maybe"}',
      "without prefixes": '{"rktKind":"trustPolicy","rktVersion":"v1","policy":"reject"}',
    };
    for (const [name, text] of Object.entries(wrong)) {
      test(`a file ${name} is refused by its name`, async () => {
        write(text);
        expect(refused(await fetchDocker(`${registry.address}/signed/any`))).toContain(
          "trust.d/policy.json",
        );
      });
    }
  });
});
