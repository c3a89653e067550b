/**
 * What the check of a signature adds to the fetch of a 100 MB ACI, beside gpgv on the same file.
 */
import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createKeyRing, must, temporaryDirectory, writeAci } from "@e2e/rkt";
import type { Figure } from "../figure.ts";
import { median, timeOnce } from "../timing.ts";

const RUNS = 5;
const BYTES = 100_000_000;
const NAME = "example.test/large";
const RKT = join(import.meta.dir, "../../dist/rkt");

export const signatureCheck: Figure = {
  name: "image: signature of a 100 MB ACI",
  peer: "gpgv",
  unit: "ratio",
  first: 1.3,
  aim: 1,
  measure: async () => {
    await using stack = new AsyncDisposableStack();
    const { path } = stack.use(temporaryDirectory("bench-signature"));
    const ring = stack.use(await createKeyRing(path));
    const signer = await ring.addSigner("Signer <signer@example.test>", "rsa2048");
    const more = [{ path: "rootfs/ballast", kind: "file", bytes: randomBytes(BYTES) }] as const;
    const aci = writeAci(path, "large.aci", { name: NAME, more });
    const signature = await signer.sign(aci);
    const key = join(path, "key.asc");
    writeFileSync(key, signer.publicKey);
    await must(["gpg", "--batch", "--yes", "--output", `${path}/key.gpg`, "--dearmor", key]);
    const data = join(path, "data");
    const rkt = (...argv: string[]): string[] => [
      ...[RKT, `--dir=${data}`, `--local-config=${path}/config`, ...argv],
    ];
    await must(rkt("trust", `--prefix=${NAME}`, "--skip-fingerprint-review", key));
    const fetched = (...flags: string[]): number => {
      rmSync(data, { recursive: true, force: true });
      return timeOnce(rkt("fetch", ...flags, aci));
    };
    const times = Array.from({ length: RUNS }, () => ({
      checked: fetched(),
      unchecked: fetched("--insecure-options=image"),
      gpgv: timeOnce(["gpgv", "--keyring", `${path}/key.gpg`, signature, aci]),
    }));
    const of = (which: "checked" | "unchecked" | "gpgv"): number =>
      median(times.map((time) => time[which]));
    return { ours: of("checked") - of("unchecked"), peer: of("gpgv") };
  },
};
