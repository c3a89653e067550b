import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { platformOf } from "@rkt/spec";
import { describeFault, Fault, hintOf } from "@shared/base";
import { SECURE } from "./host.ts";
import { pull } from "./pull.ts";
import {
  type Keys,
  LACKS,
  newBench,
  newKeys,
  read,
  run,
  smallAci,
  trustFile,
} from "./testdata/bench.ts";

const platform = platformOf("linux", "x64");
const options = { policy: "update", platform } as const;
const unchecked = { ...options, insecure: { ...SECURE, image: true } } as const;

async function failureOf(promise: Promise<unknown>): Promise<Fault> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) throw new Error("it did not fail");
  return Fault.from(error);
}

describe.skipIf(LACKS !== undefined)(`pull() of files${LACKS ? ` (no ${LACKS})` : ""}`, () => {
  let keys: Keys;
  let one: string;
  let two: string;
  let rsa: string;
  beforeAll(() => {
    keys = newKeys();
    one = keys.make("Signer One <one@a.test>");
    two = keys.make("Signer Two <two@a.test>");
    rsa = keys.make("Signer Rsa <rsa@a.test>", "rsa2048");
  });
  afterAll(() => keys[Symbol.dispose]());

  function signedBench(): ReturnType<typeof newBench> & { readonly path: string } {
    const bench = newBench();
    const path = join(bench.directory, "app.aci");
    writeFileSync(path, smallAci());
    keys.sign(one, path);
    const tree = bench.host.keyTrees[1] ?? "";
    trustFile(tree, "prefix.d/a.test", one, keys.publicKey(one));
    return { ...bench, path };
  }

  test("a signed archive is verified, unpacked and recorded", async () => {
    using bench = signedBench();
    const image = await pull(bench.host, { kind: "file", path: bench.path }, options);
    const id = run("sha512sum", [bench.path]).slice(0, 64);
    expect(image.id).toBe(`sha512-${id}`);
    expect(image.name).toBe("a.test/app:1.0.0");
    expect(image.verification).toEqual({
      kind: "signature",
      fingerprint: one,
      identity: "Signer One <one@a.test>",
    });
    expect(bench.notes).toEqual([
      `image: using image from file ${bench.path}`,
      "image: signature verified:\n  Signer One <one@a.test>",
    ]);
    const layer = bench.host.store.layerPath(image.id);
    expect(read(join(layer, "bin/hello"))).toBe("hello\n");
    expect(existsSync(join(layer, "rootfs"))).toBe(false);
    expect(bench.host.store.findById(image.id.slice(0, 20))).toEqual(image);
    expect(bench.leftovers()).toEqual([]);
  });

  test("the same image again, and compressed: one id, one layer", async () => {
    using bench = signedBench();
    const plain = await pull(bench.host, { kind: "file", path: bench.path }, options);
    const again = await pull(bench.host, { kind: "file", path: bench.path }, options);
    const packed = join(bench.directory, "packed.aci");
    writeFileSync(packed, Bun.gzipSync(readFileSync(bench.path)));
    const other = await pull(bench.host, { kind: "file", path: packed }, unchecked);
    expect([again.id, other.id]).toEqual([plain.id, plain.id]);
    expect(bench.host.store.list()).toHaveLength(1);
    expect(bench.leftovers()).toEqual([]);
  });

  test("a proof once made outlives a fetch without a check", async () => {
    using bench = signedBench();
    const reference = { kind: "file", path: bench.path } as const;
    const proven = await pull(bench.host, reference, options);
    await pull(bench.host, reference, unchecked);
    expect(bench.host.store.findById(proven.id).verification).toEqual(proven.verification);
  });

  test("a missing signature comes with the two ways out", async () => {
    using bench = signedBench();
    run("rm", [`${bench.path}.asc`]);
    const reference = { kind: "file", path: bench.path } as const;
    const fault = await pull(bench.host, reference, options).catch((error: unknown) => error);
    expect(hintOf(fault)).toContain("--signature");
    expect(hintOf(fault)).toContain("--insecure-options=image");
  });

  test("without a check the record says so", async () => {
    using bench = newBench();
    const path = join(bench.directory, "app.aci");
    writeFileSync(path, smallAci());
    const image = await pull(bench.host, { kind: "file", path }, unchecked);
    expect(image.verification).toEqual({ kind: "none" });
  });

  type Bench = ReturnType<typeof signedBench>;
  const refused: readonly (readonly [string, (bench: Bench) => void, RegExp, Fault["kind"]])[] = [
    [
      "no signature",
      ({ path }) => run("rm", [`${path}.asc`]),
      /^open .*app\.aci\.asc: no such file or directory$/,
      "not-found",
    ],
    [
      "no archive",
      ({ path }) => run("mv", [path, `${path}.moved`]),
      /^open .*app\.aci: no such file or directory$/,
      "not-found",
    ],
    [
      "another key",
      ({ path }) => keys.sign(two, path),
      /^image "a\.test\/app" verification failed: openpgp: signature made by unknown entity$/,
      "denied",
    ],
    [
      "changed after signing",
      ({ path }) => writeFileSync(path, smallAci("a.test/app", "hellO\n")),
      /verification failed: openpgp: invalid signature: hash tag doesn't match$/,
      "denied",
    ],
    [
      "the name of another prefix",
      ({ path }) => {
        writeFileSync(path, smallAci("b.test/app"));
        keys.sign(one, path);
      },
      /"b\.test\/app" verification failed: openpgp: signature made by unknown entity$/,
      "denied",
    ],
    [
      "a prefix that only looks like one",
      ({ path }) => {
        writeFileSync(path, smallAci("a.test2/app"));
        keys.sign(one, path);
      },
      /signature made by unknown entity$/,
      "denied",
    ],
    [
      "text as a signature",
      ({ path }) => writeFileSync(`${path}.asc`, "no sig\n\n"),
      /openpgp: invalid data: tag byte does not have MSB set$/,
      "denied",
    ],
    [
      "an empty signature",
      ({ path }) => writeFileSync(`${path}.asc`, ""),
      /keystore: no valid signatures found in signature file$/,
      "denied",
    ],
    [
      "a key as a signature",
      ({ path }) => writeFileSync(`${path}.asc`, keys.publicKey(one)),
      /keystore: no valid signatures found in signature file/,
      "denied",
    ],
    [
      "a masked key",
      ({ host }) => trustFile(host.keyTrees[1] ?? "", "prefix.d/a.test", one, Buffer.alloc(0)),
      /signature made by unknown entity$/,
      "denied",
    ],
    [
      "a key file of another name",
      ({ host }) => trustFile(host.keyTrees[1] ?? "", "root.d", two, keys.publicKey(one)),
      /its fingerprint is another one$/,
      "corrupt",
    ],
    [
      "SHA-1",
      ({ host, path }) => {
        trustFile(host.keyTrees[1] ?? "", "root.d", rsa, keys.publicKey(rsa));
        keys.sign(rsa, path, ["--digest-algo", "SHA1"]);
      },
      /its hash is too weak$/,
      "denied",
    ],
  ];
  for (const [why, spoil, message, kind] of refused) {
    test(`refused: ${why}`, async () => {
      using bench = signedBench();
      spoil(bench);
      const fault = await failureOf(pull(bench.host, { kind: "file", path: bench.path }, options));
      expect(describeFault(fault)).toMatch(message);
      expect(fault.kind).toBe(kind);
      expect(bench.host.store.list()).toEqual([]);
      expect(bench.leftovers()).toEqual([]);
    });
  }

  test("an unknown signer: the hint says how to trust", async () => {
    using bench = signedBench();
    keys.sign(two, bench.path);
    const fault = await failureOf(pull(bench.host, { kind: "file", path: bench.path }, options));
    expect(hintOf(fault)).toContain('rkt trust --prefix "a.test/app"');
  });

  test("an explicit signature file, a root key, a vendor key", async () => {
    using bench = signedBench();
    run("mv", [`${bench.path}.asc`, `${bench.path}.elsewhere`]);
    const signaturePath = `${bench.path}.elsewhere`;
    const reference = { kind: "file", path: bench.path } as const;
    expect((await pull(bench.host, reference, { ...options, signaturePath })).id).toBeString();
    keys.sign(two, bench.path);
    trustFile(bench.host.keyTrees[0] ?? "", "root.d", two, keys.publicKey(two));
    const image = await pull(bench.host, reference, options);
    expect(image.verification).toMatchObject({ fingerprint: two });
  });

  const broken: readonly (readonly [string, (path: string) => void, RegExp])[] = [
    ["an empty file", (path) => writeFileSync(path, ""), /^unknown image filetype: it is empty$/],
    [
      "a web page",
      (path) => writeFileSync(path, "<!DOCTYPE html><html></html>"),
      /^unknown image filetype: it is a web page$/,
    ],
    ["text", (path) => writeFileSync(path, "hello"), /^unknown image filetype/],
    ["a truncated archive", (path) => truncateSync(path, 2100), /truncated/],
    [
      "a truncated gzip archive",
      (path) => writeFileSync(path, Bun.gzipSync(Buffer.from(smallAci())).subarray(0, 200)),
      /truncated|unexpected end/i,
    ],
    [
      "an archive without a manifest",
      (path) => run("tar", ["-cf", path, "-C", "/etc", "hostname"]),
      /^missing manifest$|hostname/,
    ],
    [
      "a directory",
      (path) => run("sh", ["-c", `rm ${path}; mkdir ${path}`]),
      /^invalid image string "file:\/\/.*"$/,
    ],
  ];
  for (const [why, spoil, message] of broken) {
    test(`refused even without a check of origin: ${why}`, async () => {
      using bench = newBench();
      const path = join(bench.directory, "app.aci");
      writeFileSync(path, smallAci());
      spoil(path);
      const fault = await failureOf(pull(bench.host, { kind: "file", path }, unchecked));
      expect(describeFault(fault)).toMatch(message);
      expect(bench.host.store.list()).toEqual([]);
      expect(bench.leftovers()).toEqual([]);
    });
  }

  test("dependencies: their layers lie below, found in the store by name", async () => {
    using bench = newBench();
    const write = (name: string, dependencies: readonly string[]): string => {
      const path = join(bench.directory, `${name}.aci`);
      writeFileSync(path, smallAci(`a.test/${name}`, name, dependencies));
      return path;
    };
    const pullFile = (path: string) => pull(bench.host, { kind: "file", path }, unchecked);
    const one = await pullFile(write("one", []));
    const two = await pullFile(write("two", ["a.test/one"]));
    const three = await pullFile(write("three", ["a.test/one", "a.test/two"]));
    expect(three.layers).toEqual([one.id, two.id, three.id]);
    const fault = await failureOf(pullFile(write("self", ["a.test/self"])));
    expect(describeFault(fault)).toContain("go round in a circle: a.test/self needs a.test/self");
    const never = { ...unchecked, policy: "never" } as const;
    const path = write("lost", ["a.test/nowhere"]);
    const lost = await failureOf(pull(bench.host, { kind: "file", path }, never));
    expect(describeFault(lost)).toStartWith(
      'unable to fetch image from image name "a.test/nowhere": either image was not found',
    );
    expect(bench.leftovers()).toEqual([]);
  });

  test("writeAci(): what GNU tar sees", () => {
    using bench = newBench();
    const path = join(bench.directory, "x.aci");
    writeFileSync(path, smallAci());
    expect(
      run("tar", ["-tvf", path])
        .replace(/ +/g, " ")
        .replace(/ 1970-01-01 00:00/g, ""),
    ).toBe(
      [
        `-rw-r--r-- 0/0 ${manifestSize(path)} manifest`,
        "drwxr-xr-x 0/0 0 rootfs/",
        "drwxr-xr-x 0/0 0 rootfs/bin/",
        "-rwxr-xr-x 0/0 6 rootfs/bin/hello",
        "",
      ].join("\n"),
    );
  });

  function manifestSize(path: string): number {
    return Buffer.byteLength(run("tar", ["-xOf", path, "manifest"]));
  }
});
