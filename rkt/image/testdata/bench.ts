/** What the tests of this package share: a store in a temporary directory, keys made by gpg, certificates by openssl. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ImageManifest } from "@rkt/spec";
import { systemClock } from "@shared/base";
import { kernel } from "@shared/linux";
import { writeAci } from "../aci/write-aci.ts";
import type { ImageHost, ProgressEvent } from "../host.ts";
import { openStore } from "../store/store.ts";

/** Unpacking needs chroot, trust keys need gpg. */
export const LACKS: string | undefined =
  process.getuid?.() === 0
    ? ["gpg", "openssl"].find((program) => Bun.which(program) === null)
    : "root";

export interface TestBench extends Disposable {
  readonly directory: string;
  readonly host: ImageHost;
  readonly notes: string[];
  readonly events: ProgressEvent[];
  /** Names of files left in the making. */
  leftovers(): string[];
}

export function newBench(changes: Partial<ImageHost> = {}): TestBench {
  const directory = mkdtempSync(join(tmpdir(), "rkt-image-"));
  const store = openStore({ kernel, clock: systemClock }, join(directory, "data"));
  const notes: string[] = [];
  const events: ProgressEvent[] = [];
  const child = join(import.meta.dirname, "../layers/testdata/unpack-main.ts");
  const host: ImageHost = {
    clock: { now: () => systemClock.now(), sleep: (ms, signal) => systemClock.sleep(ms, signal) },
    random: () => 0,
    self: [process.execPath, child],
    store,
    keyTrees: [join(directory, "vendor"), join(directory, "trusted")],
    version: "0.1.0",
    note: (line) => notes.push(line),
    progress: (event) => events.push(event),
    ...changes,
  };
  return {
    directory,
    host,
    notes,
    events,
    leftovers: () => run("ls", [join(directory, "data/cas/tmp")]).split("\n").filter(Boolean),
    [Symbol.dispose]: () => {
      store[Symbol.dispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Output of a program that must succeed. */
export function run(program: string, args: readonly string[], env: Record<string, string> = {}): string {
  const result = spawnSync(program, args, { env: { ...process.env, ...env }, encoding: "utf8" });
  if (result.status !== 0) throw new Error(`${program} ${args.join(" ")}: ${result.stderr}`);
  return result.stdout;
}

/** A small image: its manifest and one file. */
export function smallAci(
  name = "a.test/app",
  content = "hello\n",
  dependencies: readonly string[] = [],
): Uint8Array {
  const manifest: ImageManifest = {
    acKind: "ImageManifest",
    acVersion: "0.8.11",
    name,
    labels: [
      { name: "version", value: "1.0.0" },
      { name: "os", value: "linux" },
      { name: "arch", value: "amd64" },
    ],
    app: { exec: ["/bin/hello"], user: "0", group: "0" },
    dependencies: dependencies.map((imageName) => ({ imageName })),
  };
  return writeAci(manifest, [
    { type: "directory", path: "bin" },
    { type: "file", path: "bin/hello", mode: 0o755, content: Buffer.from(content) },
  ]);
}

/** A gpg home with keys of its own. */
export interface Keys extends Disposable {
  /** Makes a key and returns its fingerprint in lower case. */
  make(identity: string, algorithm?: string, expires?: string): string;
  publicKey(fingerprint: string): Uint8Array;
  sign(fingerprint: string, path: string, options?: readonly string[]): void;
  /** With the certificate that gpg made beside the key. */
  revoke(fingerprint: string): void;
  gpg(...args: readonly string[]): string;
  /** The same in a conversation: `input` answers its questions. */
  gpgTyping(input: string, ...args: readonly string[]): void;
}

export function newKeys(): Keys {
  const home = mkdtempSync(join(tmpdir(), "rkt-gpg-"));
  const gpg = (...args: readonly string[]): string =>
    run("gpg", ["--batch", "--yes", "--quiet", "--pinentry-mode", "loopback", ...args], {
      GNUPGHOME: home,
    });
  return {
    make: (identity, algorithm = "ed25519", expires = "never") => {
      gpg("--passphrase", "", "--quick-gen-key", identity, algorithm, "sign", expires);
      const listing = gpg("--with-colons", "--list-keys", `=${identity}`);
      return /^fpr:+([0-9A-F]{40}):/m.exec(listing)?.[1]?.toLowerCase() ?? "";
    },
    publicKey: (fingerprint) => Buffer.from(gpg("--armor", "--export", fingerprint)),
    sign: (fingerprint, path, options = ["--armor"]) => {
      const output = ["--output", `${path}.asc`];
      gpg("--passphrase", "", "--local-user", fingerprint, ...options, ...output, "-b", path);
    },
    revoke: (fingerprint) => {
      const path = join(home, "openpgp-revocs.d", `${fingerprint.toUpperCase()}.rev`);
      writeFileSync(path, readFileSync(path, "utf8").replace(":-----BEGIN", "-----BEGIN"));
      gpg("--import", path);
    },
    gpg,
    gpgTyping: (input, ...args) => {
      const argv = ["--yes", "--quiet", "--no-tty", "--pinentry-mode", "loopback", ...args];
      const env = { ...process.env, GNUPGHOME: home };
      const { status, stderr } = spawnSync("gpg", argv, { env, input, encoding: "utf8" });
      if (status !== 0) throw new Error(`gpg ${args.join(" ")}: ${stderr}`);
    },
    [Symbol.dispose]: () => {
      spawnSync("gpgconf", ["--kill", "gpg-agent"], { env: { ...process.env, GNUPGHOME: home } });
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Puts a key into a tree as `rkt trust` does. */
export function trustFile(tree: string, place: string, name: string, content: Uint8Array): void {
  mkdirSync(join(tree, place), { recursive: true });
  writeFileSync(join(tree, place, name), content);
}

export function read(path: string): string {
  return readFileSync(path, "utf8");
}
