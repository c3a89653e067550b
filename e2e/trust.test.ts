/** `rkt trust`: which keys count for which names. */
import { beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createKeyRing, type Signer } from "./fixtures/keys.ts";
import { succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

feature("rkt trust", { programs: { gpg: "gnupg", script: "bsdutils" } }, (world) => {
  let signer: Signer;
  let key = "";
  beforeAll(async () => {
    await using ring = await createKeyRing(world().directory);
    signer = await ring.addSigner("Signer <signer@example.test>", "ed25519");
    key = join(world().directory, "key.asc");
    writeFileSync(key, signer.publicKey);
  });

  const trust = (...argv: string[]) => world().rkt(["trust", ...argv]);
  const keys = (): string[] => {
    try {
      const tree = join(world().config, "trustedkeys");
      return readdirSync(tree, { recursive: true, encoding: "utf8" }).filter((each) =>
        /[0-9a-f]{40}$/.test(each),
      );
    } catch {
      return [];
    }
  };

  test("a key without a prefix is refused, with the two ways to say it", async () => {
    const finished = await trust(key);
    expect(finished.status).toBe(254);
    expect(finished.stderr).toContain("aborting due to implicit unbounded trust (root domain)");
    expect(finished.stderr).toContain('rkt trust --prefix "example.com/foo" [PUBKEY]');
    expect(keys()).toEqual([]);
  });

  test("without a terminal nobody can review, so nothing is trusted", async () => {
    const finished = await world().rkt(["trust", "--prefix=example.test", key], { input: "yes\n" });
    expect(finished.status).toBe(254);
    expect(finished.stderr).toContain(
      "unable to ask user to review fingerprint due to lack of tty",
    );
    expect(keys()).toEqual([]);
  });

  /** The same command on a terminal, with typed input. */
  const onTerminal = (input: string, ...argv: string[]) => {
    const [command = "", ...words] = [...argv];
    return world().machine.run(["script", "-qec", [command, ...words].join(" "), "/dev/null"], {
      input,
    });
  };
  const RKT = join(import.meta.dir, "../dist/rkt");
  const typed = (input: string): Promise<{ stdout: string }> =>
    onTerminal(
      input,
      RKT,
      `--local-config=${world().config}`,
      "trust",
      "--prefix=example.test/tty",
      key,
    );

  test("on a terminal the fingerprint is shown; no means no", async () => {
    const { stdout } = await typed("no\n");
    expect(stdout.replace(/[ \r]/g, "").toLowerCase()).toContain(signer.fingerprint);
    expect(stdout).toContain("Are you sure you want to trust this key (yes/no)?");
    expect(stdout).toContain(`not trusting "${key}"`);
    expect(keys()).toEqual([]);
  });

  test("on a terminal, yes means yes", async () => {
    const { stdout } = await typed("maybe\nyes\n");
    expect(stdout).toContain("Please enter 'yes' or 'no'");
    expect(stdout).toContain('Added key for prefix "example.test/tty" at "');
    expect(keys()).toEqual([`prefix.d/example.test/tty/${signer.fingerprint}`]);
  });

  test("--skip-fingerprint-review writes the key under its fingerprint", async () => {
    const finished = await trust("--prefix=example.test/app", "--skip-fingerprint-review", key);
    const path = join(world().config, "trustedkeys/prefix.d/example.test/app", signer.fingerprint);
    expect(succeeded(finished)).toContain(
      `Trusting "${key}" for prefix "example.test/app" without fingerprint review.\n` +
        `Added key for prefix "example.test/app" at "${path}"\n`,
    );
    expect(readFileSync(path, "utf8")).toContain("BEGIN PGP PUBLIC KEY BLOCK");
  });

  test("--root writes it for every name", async () => {
    const finished = await trust("--root", "--skip-fingerprint-review", key);
    expect(succeeded(finished)).toContain("Added root key at ");
    expect(keys()).toContain(`root.d/${signer.fingerprint}`);
  });

  test("--root and --prefix together are refused", async () => {
    const finished = await trust("--root", "--prefix=example.test", key);
    expect(finished.stderr).toBe("trust: --root and --prefix usage mutually exclusive\n");
  });

  const wrong: Readonly<Record<string, readonly [string[], string]>> = {
    "a file that is not there": [["--prefix=example.test", "/none.asc"], "/none.asc"],
    "a file that is no key": [["--prefix=example.test", "/etc/hostname"], "openpgp"],
    "a prefix that no image can have": [["--prefix=Bad_Prefix"], "ACIdentifier must contain only"],
  };
  for (const [name, [argv, message]] of Object.entries(wrong)) {
    test(`${name} is refused and nothing is written`, async () => {
      const before = keys();
      const more = argv.length === 1 ? [key] : [];
      const finished = await trust("--skip-fingerprint-review", ...argv, ...more);
      expect(finished.status).toBe(254);
      expect(finished.stderr).toContain(message);
      expect(keys()).toEqual(before);
    });
  }
});
