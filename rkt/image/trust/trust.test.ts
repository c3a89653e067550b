import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeFault, hintOf } from "@shared/base";
import { SECURE } from "../host.ts";
import { type Keys, LACKS, newBench, newKeys, run, type TestBench } from "../testdata/bench.ts";
import { keysFor } from "../verify/keyring.ts";
import { type TrustHost, type TrustOptions, trustKeys } from "./trust.ts";

describe.skipIf(LACKS !== undefined)(`trustKeys()${LACKS ? ` (no ${LACKS})` : ""}`, () => {
  let keys: Keys;
  let signer: string;
  let spaced: string;
  beforeAll(() => {
    keys = newKeys();
    signer = keys.make("Signer <s@a.test>");
    const groups = signer.toUpperCase().match(/.{4}/g) ?? [];
    spaced = `${groups.slice(0, 5).join(" ")}  ${groups.slice(5).join(" ")}`;
  });
  afterAll(() => keys[Symbol.dispose]());

  interface TrustBench extends TestBench {
    readonly key: string;
    readonly tree: string;
    readonly printed: string[];
    readonly trust: (
      options: Partial<TrustOptions>,
      review?: TrustHost["review"],
    ) => Promise<unknown>;
    files(): string;
  }

  function trustBench(): TrustBench {
    const bench = newBench();
    const key = join(bench.directory, "signer.asc");
    writeFileSync(key, keys.publicKey(signer));
    const tree = join(bench.directory, "etc/trustedkeys");
    run("mkdir", ["-p", tree]);
    const printed: string[] = [];
    const trust: TrustBench["trust"] = async (options, review) => {
      const host = {
        ...bench.host,
        keyTree: tree,
        out: (line: string) => void printed.push(`out: ${line}`),
        note: (line: string) => void printed.push(`err: ${line}`),
        ...(review !== undefined && { review }),
      };
      const rest = { root: false, allowHttp: false, skipReview: false, trustHttps: false };
      return await trustKeys(host, { ...rest, locations: [key], insecure: SECURE, ...options });
    };
    const files = (): string => run("find", [tree, "-type", "f", "-printf", "%M %P\n"]);
    return { ...bench, key, tree, printed, trust, files };
  }

  test("what rkt prints, and the file that it writes", async () => {
    using bench = trustBench();
    const asked: string[] = [];
    await bench.trust({ prefix: "a.test/x" }, async (question) => {
      asked.push(question);
      return true;
    });
    const path = join(bench.tree, "prefix.d/a.test/x", signer);
    expect(bench.printed).toEqual([
      `err: pubkey: prefix: "a.test/x"\nkey: "${bench.key}"`,
      `out: gpg key fingerprint is: ${spaced}\n\tSigner <s@a.test>`,
      `out: Trusting "${bench.key}" for prefix "a.test/x" after fingerprint review.`,
      `out: Added key for prefix "a.test/x" at "${path}"`,
    ]);
    expect(asked).toEqual(["Are you sure you want to trust this key (yes/no)?"]);
    expect(bench.files()).toBe(`-rw-r--r-- prefix.d/a.test/x/${signer}\n`);
    expect(statSync(join(bench.tree, "prefix.d/a.test")).mode & 0o777).toBe(0o755);
    expect(readFileSync(path, "utf8")).toStartWith("-----BEGIN PGP PUBLIC KEY BLOCK-----");
    expect(await keysFor([bench.tree], "a.test/x/y")).toHaveLength(1);
    expect(await keysFor([bench.tree], "a.test")).toHaveLength(0);
  });

  test("a root key, without review", async () => {
    using bench = trustBench();
    await bench.trust({ root: true, skipReview: true });
    expect(bench.printed.slice(-2)).toEqual([
      `out: Trusting "${bench.key}" for prefix "" without fingerprint review.`,
      `out: Added root key at "${join(bench.tree, "root.d", signer)}"`,
    ]);
    expect(await keysFor([bench.tree], "any.test")).toHaveLength(1);
  });

  test("declined: nothing is written, and that is no failure", async () => {
    using bench = trustBench();
    await bench.trust({ prefix: "a.test" }, async () => false);
    expect(bench.printed.at(-1)).toBe(`err: pubkey: not trusting "${bench.key}"`);
    expect(bench.files()).toBe("");
  });

  test("nobody to ask", async () => {
    using bench = trustBench();
    const message = await bench.trust({ prefix: "a.test" }).catch(describeFault);
    expect(message).toBe(
      "error adding keys: error reviewing key: " +
        "unable to ask user to review fingerprint due to lack of tty",
    );
    expect(bench.printed.slice(-3)).toEqual([
      'err: pubkey: To trust the key for "a.test", do one of the following:',
      "err: pubkey:  - call rkt with --trust-keys-from-https",
      'err: pubkey:  - run: rkt trust --prefix "a.test"',
    ]);
    expect(bench.files()).toBe("");
  });

  test("over http only when it is said", async () => {
    using bench = trustBench();
    using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () => new Response(Buffer.from(keys.publicKey(signer))),
    });
    const locations = [`http://127.0.0.1:${server.port}/key`];
    const message = await bench.trust({ prefix: "a.test", locations }).catch(describeFault);
    expect(message).toBe("error adding keys: --insecure-allow-http required for http URLs");
    await bench.trust({ prefix: "a.test", locations, allowHttp: true, skipReview: true });
    expect(bench.files()).toBe(`-rw-r--r-- prefix.d/a.test/${signer}\n`);
  });

  test("a prefix at which nothing can be discovered", async () => {
    using bench = trustBench();
    const options = { prefix: "nothing.invalid", locations: [] };
    expect(await bench.trust(options).catch(describeFault)).toStartWith(
      'error determining key location: find "nothing.invalid": discovery failed',
    );
  });

  type Row = readonly [string, Partial<TrustOptions>, RegExp];
  const table: readonly Row[] = [
    ["no scope", {}, /^aborting due to implicit unbounded trust \(root domain\)$/],
    [
      "two scopes",
      { prefix: "a.test", root: true },
      /^--root and --prefix usage mutually exclusive$/,
    ],
    ["root without a key", { root: true, locations: [] }, /^path to a key file must be given/],
    [
      "a prefix that no name can have",
      { prefix: "Bad_Prefix" },
      /^ACIdentifier must contain only lower case/,
    ],
    ["a prefix that climbs", { prefix: "../../x" }, /^ACIdentifier must/],
    [
      "a file that is not there",
      { root: true, locations: ["/none.asc"] },
      /^error adding keys: open \/none\.asc: no such file or directory$/,
    ],
    [
      "a file that is no key",
      { root: true, locations: ["/etc/hostname"] },
      /^error adding keys: openpgp: invalid argument: no armored data found$/,
    ],
  ];
  for (const [why, options, message] of table) {
    test(`refused: ${why}`, async () => {
      using bench = trustBench();
      expect(await bench.trust({ skipReview: true, ...options }).catch(describeFault)).toMatch(
        message,
      );
      expect(bench.files()).toBe("");
    });
  }

  test("the two ways to say the scope are in the hint", async () => {
    using bench = trustBench();
    expect(await bench.trust({}).catch(hintOf)).toContain("rkt trust --root PUBKEY");
  });
});
