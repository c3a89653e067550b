/**
 * Our verdict on signatures beside gpgv's: the same keys, files and signatures go to both. gpgv
 * says GOODSIG for what it holds to be good; everything else (EXPKEYSIG, REVKEYSIG, BADSIG, ERRSIG)
 * is not.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@shared/base";
import { type Keys, LACKS, newBench, newKeys } from "../testdata/bench.ts";
import { checkSignature, readKeys } from "./openpgp.ts";

const lacks = LACKS ?? (Bun.which("gpgv") === null ? "gpgv" : undefined);

describe.skipIf(lacks !== undefined)(`gpgv agrees${lacks ? ` (no ${lacks})` : ""}`, () => {
  let bench: ReturnType<typeof newBench>;
  let keys: Keys;
  let path: string;
  beforeAll(() => {
    bench = newBench();
    keys = newKeys();
    path = join(bench.directory, "document");
    writeFileSync(path, "what is signed\n".repeat(10_000));
  });
  afterAll(() => {
    keys[Symbol.dispose]();
    bench[Symbol.dispose]();
  });

  /** What gpgv says, as one word; it wants binary files. */
  function verdictOfGpgv(key: Uint8Array, signature: Uint8Array): string {
    const [ring, detached] = [join(bench.directory, "ring.gpg"), join(bench.directory, "sig")];
    writeFileSync(ring, key);
    writeFileSync(detached, signature);
    const argv = ["--status-fd", "1", "--keyring", ring, detached, path];
    const { stdout } = spawnSync("gpgv", argv, { encoding: "utf8" });
    const words = ["GOODSIG", "EXPKEYSIG", "EXPSIG", "REVKEYSIG", "BADSIG", "ERRSIG"];
    return words.find((word) => stdout.includes(`[GNUPG:] ${word}`)) ?? "NODATA";
  }

  /** Compares the two and returns gpgv's word. */
  async function judge(key: Uint8Array, signature: Uint8Array): Promise<string> {
    const verdict = verdictOfGpgv(key, signature);
    const ours = await checkSignature(path, signature, await readKeys(key), systemClock.now()).then(
      () => "good",
      String,
    );
    if (verdict === "GOODSIG") expect(ours).toBe("good");
    else expect(ours, verdict).not.toBe("good");
    return verdict;
  }

  const binaryKey = (key: string): Buffer => dearmoured(keys.publicKey(key).toString());
  function sign(key: string, ...options: string[]): Buffer {
    keys.sign(key, path, options);
    return readFileSync(`${path}.asc`);
  }

  for (const algorithm of ["rsa2048", "rsa4096", "ed25519"]) {
    test(`${algorithm}, packets in the old and in the new form`, async () => {
      const key = keys.make(`${algorithm} <${algorithm}@a.test>`, algorithm);
      for (const form of ["old", "new"] as const) {
        const ring = inForm(binaryKey(key), form);
        const signature = inForm(sign(key), form);
        expect((signature[0] ?? 0) & 0x40).toBe(form === "new" ? 0x40 : 0);
        expect(await judge(ring, signature)).toBe("GOODSIG");
        signature.writeUInt8((signature.at(-3) ?? 0) ^ 1, signature.length - 3);
        expect(await judge(ring, signature)).toBe("BADSIG");
      }
    }, 60_000); // large keys take long to find
  }

  test("a key of somebody else", async () => {
    const [one, two] = [keys.make("One <one@a.test>"), keys.make("Two <two@a.test>")];
    expect(await judge(binaryKey(two), sign(one))).toBe("ERRSIG");
  });

  test("a ring of several keys", async () => {
    const [one, two] = [keys.make("Three <three@a.test>"), keys.make("Four <four@a.test>")];
    expect(await judge(Buffer.concat([binaryKey(one), binaryKey(two)]), sign(two))).toBe("GOODSIG");
  });

  test("a signing subkey; a revoked one", async () => {
    const key = keys.make("Sub <sub@a.test>", "rsa2048");
    keys.gpg("--passphrase", "", "--quick-add-key", key.toUpperCase(), "ed25519", "sign");
    const signature = sign(key);
    expect(await judge(binaryKey(key), signature)).toBe("GOODSIG");
    const answers = "key 1\nrevkey\ny\n0\n\ny\nsave\n";
    const words = ["--command-fd", "0", "--no-batch", "--passphrase", "", "--edit-key", key];
    keys.gpgTyping(answers, ...words);
    expect(await judge(binaryKey(key), signature)).toBe("REVKEYSIG");
  });

  test("a key that has expired, a signature that has", async () => {
    const key = keys.make("Old <old@a.test>", "rsa2048", "seconds=1");
    const signature = sign(key);
    const other = keys.make("Short <short@a.test>", "ed25519");
    const short = sign(other, "--default-sig-expire", "seconds=1");
    await systemClock.sleep(2100);
    expect(await judge(binaryKey(key), signature)).toBe("EXPKEYSIG");
    expect(await judge(binaryKey(other), short)).toBe("EXPSIG");
  });

  test("a key that was revoked", async () => {
    const key = keys.make("Gone <gone@a.test>");
    const signature = sign(key);
    keys.revoke(key);
    expect(await judge(binaryKey(key), signature)).toBe("REVKEYSIG");
  });
});

/** The bytes of an armoured block. */
function dearmoured(text: string): Buffer {
  const body = /\n\r?\n([\s\S]*?)\n=/.exec(text)?.[1] ?? "";
  return Buffer.from(body.replace(/\s/g, ""), "base64");
}

/** The same packets with headers of the other form. @see RFC 9580 section 4.2 */
function inForm(bytes: Buffer, form: "old" | "new"): Buffer {
  const packets: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { tag, start, size } = packetAt(bytes, at);
    packets.push(headerOf(form, tag, size), bytes.subarray(start, start + size));
    at = start + size;
  }
  return Buffer.concat(packets);
}

function packetAt(bytes: Buffer, at: number): { tag: number; start: number; size: number } {
  const first = bytes.readUInt8(at);
  if ((first & 0x40) === 0) {
    const width = 1 << (first & 3);
    const size = bytes.readUIntBE(at + 1, width);
    return { tag: (first >> 2) & 15, start: at + 1 + width, size };
  }
  const tag = first & 63;
  const length = bytes.readUInt8(at + 1);
  if (length < 192) return { tag, start: at + 2, size: length };
  if (length === 255) return { tag, start: at + 6, size: bytes.readUInt32BE(at + 2) };
  return { tag, start: at + 3, size: ((length - 192) << 8) + bytes.readUInt8(at + 2) + 192 };
}

function headerOf(form: "old" | "new", tag: number, size: number): Buffer {
  const header = Buffer.alloc(form === "old" ? 5 : 6);
  if (form === "old") header.writeUInt8(0x80 | (tag << 2) | 2, 0);
  else header.writeUInt16BE(((0xc0 | tag) << 8) | 255, 0);
  header.writeUInt32BE(size, header.length - 4);
  return header;
}
