/** `rkt fetch` of archives in appc's form: where they come from, and what is refused. */
import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { aciManifest, aciOf, busyboxAci, writeAci } from "./fixtures/aci.ts";
import { busyboxRoot } from "./fixtures/busybox.ts";
import { createKeyRing, type Signer } from "./fixtures/keys.ts";
import type { TarEntry } from "./fixtures/tar.ts";
import { expectEmptyStore, refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";
import { startWebServer } from "./harness/web-server.ts";

const GNUPG = { gpg: "gnupg", openssl: "openssl", xz: "xz-utils", bzip2: "bzip2" };

feature("rkt fetch of signed archives", { programs: GNUPG }, (world) => {
  let one: Signer;
  let two: Signer;
  let stranger: Signer;
  /** A signed image that nobody has touched; the key of `one` covers its name. */
  let good = "";

  beforeAll(async () => {
    await using ring = await createKeyRing(world().directory);
    one = await ring.addSigner("Signer one <one@example.test>", "ed25519");
    two = await ring.addSigner("Signer two <two@example.test>", "rsa2048");
    stranger = await ring.addSigner("Stranger <stranger@example.test>", "ed25519");
    good = writeAci(world().directory, "good.aci");
    await one.sign(good);
    await trust(one, "--prefix=example.test");
    await trust(two, "--root");
    for (const [file, signer] of [
      ["root.aci", two],
      ["stranger.aci", stranger],
    ] as const) {
      await signer.sign(writeAci(world().directory, file, { name: "other.test/app" }));
    }
  });

  async function trust(signer: Signer, where: string): Promise<void> {
    const key = join(world().directory, `${signer.fingerprint}.asc`);
    writeFileSync(key, signer.publicKey);
    succeeded(await world().rkt(["trust", where, "--skip-fingerprint-review", key]));
  }

  const fetch = (...argv: string[]) => world().rkt(["fetch", ...argv]);
  const file = (name: string): string => join(world().directory, name);
  const forget = (name: string) => world().rkt(["image", "rm", name]);

  /** A fetch into a data directory that has nothing yet; nothing may be there afterwards either. */
  async function refusedInto(empty: string, argv: string[]): Promise<string> {
    const data = file(`data-${empty}`);
    const line = refused(await world().rkt(["fetch", ...argv], { data }));
    await expectEmptyStore(world(), data);
    return line;
  }

  test("a path: the signature beside it is verified and the id printed", async () => {
    const finished = await fetch(good);
    expect(succeeded(finished)).toMatch(/^sha512-[0-9a-f]{32}\n$/);
    expect(finished.stderr).toContain(
      "image: signature verified:\n  Signer one <one@example.test>\n",
    );
  });

  test("file:// is the same image", async () => {
    expect(succeeded(await fetch(`file://${good}`))).toBe(succeeded(await fetch(good)));
  });

  test("--full prints all 64 digits, and one line per image", async () => {
    const lines = succeeded(await fetch("--full", good, file("root.aci"))).split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^sha512-[0-9a-f]{64}$/);
    expect(lines[1]).toMatch(/^sha512-[0-9a-f]{64}$/);
  });

  test("a root key covers every name", async () => {
    expect((await fetch(file("root.aci"))).stderr).toContain("Signer two <two@example.test>");
  });

  test("the same tree under another compression has the same id", async () => {
    const archive = gunzipSync(readFileSync(good));
    const ids = new Set([succeeded(await fetch(good))]);
    for (const [name, bytes] of [
      ["plain.aci", archive],
      ["zstd.aci", await Bun.zstdCompress(archive)],
      ["gzip9.aci", gzipSync(archive, { level: 9 })],
    ] as const) {
      writeFileSync(file(name), bytes);
      ids.add(succeeded(await fetch("--insecure-options=image", file(name))));
    }
    for (const program of ["xz", "bzip2"]) {
      const name = file(`${program}.aci`);
      await world().machine.shell(`${program} -1 -c ${file("plain.aci")} >${name}`);
      ids.add(succeeded(await fetch("--insecure-options=image", name)));
    }
    expect([...ids]).toHaveLength(1);
  });

  test("--signature takes the signature from another file", async () => {
    const moved = writeAci(world().directory, "moved.aci");
    await world().machine.shell(`cp ${good} ${moved}; cp ${good}.asc ${file("elsewhere.asc")}`);
    succeeded(await fetch(moved, `--signature=${file("elsewhere.asc")}`));
  });

  test("http://: the archive and its signature are downloaded", async () => {
    await using web = await startWebServer(world().machine, world().directory);
    await world().machine.shell(`cp ${good} ${good}.asc ${web.directory}/`);
    await forget("example.test/busybox");
    const finished = await fetch(`${web.url}/${basename(good)}`);
    expect(succeeded(finished)).toMatch(/^sha512-/);
    expect(finished.stderr).toContain("signature verified");
  });

  test("https://: refused by default for a certificate that nobody signed", async () => {
    await using web = await startWebServer(world().machine, world().directory, { tls: true });
    await world().machine.shell(`cp ${good} ${good}.asc ${web.directory}/`);
    const url = `${web.url}/${basename(good)}`;
    expect(refused(await fetch(url))).toMatch(/certificate|self.signed/i);
    succeeded(await fetch("--insecure-options=tls", url));
  });

  test("several fetches of one image at once", async () => {
    const data = file("data-at-once");
    const all = [1, 2, 3, 4].map(() => world().rkt(["fetch", good], { data }));
    const ids = new Set((await Promise.all(all)).map(succeeded));
    expect(ids.size).toBe(1);
    const list = await world().rkt(["image", "list", "--no-legend"], { data });
    expect(succeeded(list).trim().split("\n")).toHaveLength(1);
  });

  describe("refuses", () => {
    test("an image without a signature", async () => {
      const unsigned = writeAci(world().directory, "unsigned.aci");
      const line = await refusedInto("unsigned", [unsigned]);
      expect(line).toBe(`fetch: open ${unsigned}.asc: no such file or directory`);
    });

    test("a signature by a key that is not trusted, and says how to trust", async () => {
      const finished = await fetch(file("stranger.aci"));
      expect(refused(finished)).toContain("signature made by unknown entity");
      expect(finished.stderr).toContain("rkt trust --prefix");
    });

    test("a key that is trusted for another prefix only", async () => {
      await world().machine.shell(`cp ${good} ${file("other-prefix.aci")}`);
      const other = writeAci(world().directory, "other-prefix.aci", { name: "other.test/app" });
      await using ring = await createKeyRing(file("second-ring"));
      const narrow = await ring.addSigner("Narrow <narrow@example.test>", "ed25519");
      await trust(narrow, "--prefix=example.test/only");
      await narrow.sign(other);
      expect(refused(await fetch(other))).toContain("signature made by unknown entity");
    });

    test("the signature of another file", async () => {
      const line = await refusedInto("other", [good, `--signature=${file("root.aci")}.asc`]);
      expect(line).toContain("openpgp");
    });

    test("an archive changed after it was signed", async () => {
      const bytes = gunzipSync(readFileSync(good));
      bytes.write("evil", bytes.indexOf("root:x:0:0"));
      writeFileSync(file("tampered.aci"), gzipSync(bytes));
      await world().machine.shell(`cp ${good}.asc ${file("tampered.aci")}.asc`);
      expect(await refusedInto("tampered", [file("tampered.aci")])).toContain("openpgp");
    });

    test("something that is no signature", async () => {
      writeFileSync(file("no.asc"), "this is no signature\n");
      refusedLine(await refusedInto("no-signature", [good, `--signature=${file("no.asc")}`]));
    });

    test("a URL whose server has no such file", async () => {
      await using web = await startWebServer(world().machine, world().directory);
      expect(await refusedInto("404", [`${web.url}/none.aci`])).toContain("404");
    });

    test("a server that does not answer", async () => {
      expect(await refusedInto("down", ["http://127.0.0.1:9/x.aci"])).toContain("127.0.0.1:9");
    });

    test("a web page instead of an archive", async () => {
      await using web = await startWebServer(world().machine, world().directory);
      writeFileSync(join(web.directory, "page.aci"), "<!doctype html><title>log in</title>");
      const url = `${web.url}/page.aci`;
      refusedLine(await refusedInto("page", ["--insecure-options=image", url]));
    });
  });

  function refusedLine(line: string): void {
    expect(line).toMatch(/^fetch: \S/);
  }
});

feature("rkt fetch of broken and hostile archives", {}, (world) => {
  const fetch = (path: string) => world().rkt(["fetch", "--insecure-options=image", path]);

  function write(name: string, bytes: Uint8Array): string {
    const path = join(world().directory, name);
    writeFileSync(path, bytes);
    return path;
  }

  const manifest = (text: string): TarEntry => ({ path: "manifest", kind: "file", bytes: text });
  const root: TarEntry = { path: "rootfs", kind: "directory" };
  const plain = manifest(JSON.stringify(aciManifest({})));
  const withManifest = (change: Readonly<Record<string, unknown>>): Buffer =>
    aciOf([manifest(JSON.stringify({ ...aciManifest({}), ...change })), root]);

  const broken: Readonly<Record<string, readonly [() => Uint8Array, string]>> = {
    empty: [() => Buffer.alloc(0), ""],
    text: [() => Buffer.from("no archive at all\n"), ""],
    "gzip-of-text": [() => gzipSync("no archive at all\n".repeat(100)), ""],
    "no-manifest": [() => aciOf([root]), "missing manifest"],
    "two-manifests": [() => aciOf([plain, plain, root]), ""],
    "manifest-no-json": [() => aciOf([manifest("{"), root]), ""],
    "manifest-too-big": [() => aciOf([manifest(`${" ".repeat(2 << 20)}{}`), root]), ""],
    "bad-name": [
      () => withManifest({ name: "Bad_Name" }),
      "ACIdentifier must contain only lower case",
    ],
    "bad-kind": [() => withManifest({ acKind: "PodManifest" }), "missing or bad ACKind"],
    "bad-version": [() => withManifest({ acVersion: "x" }), "SemVer"],
  };
  for (const [name, [bytes, message]] of Object.entries(broken)) {
    test(`refuses an archive that is broken: ${name}`, async () => {
      const line = refused(await fetch(write(`${name}.aci`, bytes())));
      expect(line).toContain(message);
      expect(line.length).toBeLessThan(400);
      await expectEmptyStore(world());
    });
  }

  for (const part of [0.1, 0.5, 0.9, 0.999]) {
    test(`refuses an archive of which only ${part * 100} % is there`, async () => {
      const bytes = busyboxAci();
      const path = write("truncated.aci", bytes);
      truncateSync(path, Math.floor(bytes.length * part));
      expect(refused(await fetch(path))).toMatch(/^fetch: .*(EOF|truncated|ends|end)/i);
      await expectEmptyStore(world());
    });
  }

  const escape = (path: string): TarEntry => ({ path, kind: "file", bytes: "escaped\n" });
  const hostile: Readonly<Record<string, readonly TarEntry[]>> = {
    "dot-dot": [escape("rootfs/../../../../../../../../tmp/rkt-e2e-escaped")],
    absolute: [escape("/tmp/rkt-e2e-escaped")],
    "dot-dot-first": [escape("../../../../../../../../tmp/rkt-e2e-escaped")],
    "through-a-link": [
      { path: "rootfs/link", kind: "symlink", target: "/tmp" },
      escape("rootfs/link/rkt-e2e-escaped"),
    ],
    "through-a-relative-link": [
      { path: "rootfs/link", kind: "symlink", target: "../../../../../../../../../tmp" },
      escape("rootfs/link/rkt-e2e-escaped"),
    ],
    "hard-link-outside": [{ path: "rootfs/shadow", kind: "hardlink", target: "/etc/shadow" }],
    "hard-link-dot-dot": [
      { path: "rootfs/shadow", kind: "hardlink", target: "../../../../../../../../etc/shadow" },
    ],
  };
  for (const [name, entries] of Object.entries(hostile)) {
    test(`an archive that wants to leave its directory does not: ${name}`, async () => {
      const aci = aciOf([plain, root, ...busyboxRoot("rootfs/"), ...entries]);
      const finished = await fetch(write(`${name}.aci`, aci));
      // Refusing it and keeping it inside are both right; writing outside is not.
      if (finished.status === 0) {
        const shown = await world().script("cat /shadow /tmp/rkt-e2e-escaped 2>/dev/null || :");
        expect(succeeded(shown)).not.toContain("root:");
        succeeded(await world().rkt(["image", "rm", "example.test/busybox"]));
        await world().rkt(["gc", "--grace-period=0s"]);
      } else {
        refused(finished);
        await expectEmptyStore(world());
      }
      expect(existsSync("/tmp/rkt-e2e-escaped")).toBe(false);
    });
  }

  test("an archive that unpacks to far more than it holds ends in bounded time", async () => {
    const zeros = "head -c 2G /dev/zero | gzip -1";
    const path = join(world().directory, "bomb.aci");
    await world().machine.shell(`${zeros} >${path}`);
    refused(await fetch(path)); // 2 GB of zero bytes are no tar archive
    await expectEmptyStore(world());
  });
});
