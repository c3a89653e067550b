import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeFault, systemClock } from "@shared/base";
import { type Keys, LACKS, newBench, newKeys } from "../testdata/bench.ts";
import { checkSignature, readKeys } from "./openpgp.ts";

async function failureOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(() => "it did not fail", describeFault);
}

const DAY_MS = 86_400_000;

describe.skipIf(LACKS !== undefined)(`signatures of gpg${LACKS ? ` (no ${LACKS})` : ""}`, () => {
  let bench: ReturnType<typeof newBench>;
  let keys: Keys;
  beforeAll(() => {
    bench = newBench();
    keys = newKeys();
  });
  afterAll(() => {
    keys[Symbol.dispose]();
    bench[Symbol.dispose]();
  });

  function document(name: string): string {
    const path = join(bench.directory, name);
    writeFileSync(path, `the document ${name}\n`.repeat(100_000)); // more than one buffer of ours
    return path;
  }

  const check = async (path: string, key: string, nowMs = systemClock.now() + 1000) =>
    await checkSignature(
      path,
      readFileSync(`${path}.asc`),
      await readKeys(keys.publicKey(key)),
      nowMs,
    );

  const algorithms = ["rsa3072", "ed25519", "nistp256", "nistp384", "brainpoolP256r1", "dsa2048"];
  for (const algorithm of algorithms) {
    test(`${algorithm}, armoured and binary; a changed document is refused`, async () => {
      const identity = `Signer ${algorithm} <${algorithm}@a.test>`;
      const key = keys.make(identity, algorithm);
      const path = document(algorithm);
      keys.sign(key, path);
      expect(await check(path, key)).toEqual({ fingerprint: key, identities: [identity] });
      keys.sign(key, path, []);
      expect((await check(path, key)).fingerprint).toBe(key);
      writeFileSync(path, "another one");
      expect(await failureOf(check(path, key))).toContain("hash tag doesn't match");
    });
  }

  test("a signing subkey: the fingerprint is that of the key", async () => {
    const key = keys.make("With Subkey <sub@a.test>");
    keys.gpg("--passphrase", "", "--quick-add-key", key.toUpperCase(), "ed25519", "sign");
    const path = document("subkey");
    keys.sign(key, path);
    const [described] = await readKeys(keys.publicKey(key));
    expect(described?.key.subkeys).toHaveLength(1);
    expect((await check(path, key)).fingerprint).toBe(key);
  });

  test("an expired key, a signature from the future", async () => {
    const key = keys.make("Short <short@a.test>", "ed25519", "3d");
    const path = document("expired");
    keys.sign(key, path);
    expect((await check(path, key)).fingerprint).toBe(key);
    const now = systemClock.now();
    expect(await failureOf(check(path, key, now + 4 * DAY_MS))).toContain("openpgp: key expired");
    expect(await failureOf(check(path, key, now - DAY_MS))).toContain("in the future");
  });

  test("a revoked key", async () => {
    const key = keys.make("Revoked <revoked@a.test>");
    const path = document("revoked");
    keys.sign(key, path);
    keys.revoke(key);
    expect(await failureOf(check(path, key))).toContain("openpgp: key revoked");
  });

  test("one of several signatures is enough; text signatures are refused", async () => {
    const [one, two] = [keys.make("One <1@a.test>"), keys.make("Two <2@a.test>")];
    const path = document("several");
    keys.sign(one, path, ["--armor", "--local-user", two]);
    expect((await check(path, one)).fingerprint).toBe(one);
    expect((await check(path, two)).fingerprint).toBe(two);
    keys.sign(one, path, ["--armor", "--textmode"]);
    expect(await failureOf(check(path, one))).toContain("not one of a binary document");
  });

  test("readKeys(): a private key, text, nothing", async () => {
    const key = keys.make("Private <private@a.test>");
    const secret = Buffer.from(keys.gpg("--armor", "--export-secret-keys", key));
    expect(await failureOf(readKeys(secret))).toContain("it is a private key");
    for (const text of ["", "hello"]) {
      expect(await failureOf(readKeys(Buffer.from(text)))).toContain("no armored data found");
    }
    const broken = await readKeys(
      Buffer.from("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxx\n"),
    ).catch(describeFault);
    expect(broken).toStartWith("openpgp: ");
  });
});
