/**
 * `npm start`: the main job on real input, from nothing to a pod of two verified images, in a data
 * directory of its own.
 *
 * In: the machine's busybox, gpg and docker-registry, and the program's sources. Out: text on
 * standard output. Never reads or writes the machine's /var/lib/rkt and /etc/rkt, never uses the
 * internet, leaves nothing behind.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createKeyRing, must, pushImage, run, startRegistry, temporaryDirectory } from "@e2e/rkt";
import { askerImage, GREETER_NAME, writeGreeter } from "./images.ts";
import { command, say, show } from "./terminal.ts";

const ROOT = join(import.meta.dir, "../..");
const RKT = join(ROOT, "dist/rkt");

/** All of it; the clean-up runs whether it worked or not. */
async function start(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error("pods need root; run: sudo npm start");
  process.stdout.write(await must([process.execPath, "run", join(ROOT, "tools/build/build.ts")]));
  using directory = temporaryDirectory("start");
  const { rkt, words } = rktIn(directory.path);
  await using ending = new AsyncDisposableStack();
  ending.defer(async () => {
    await run([...words, "gc", "--grace-period=0s"]); // nothing to do, unless it was interrupted
  });

  say("Two images are made on the spot from busybox: one signed, one served by a registry.");
  const greeter = writeGreeter(directory.path);
  const key = await signed(greeter, directory.path);
  await using registry = await startRegistry({ directory: directory.path });
  await pushImage(registry.address, "asker", "latest", askerImage());
  const asker = `docker://${registry.address}/asker`;
  show(`${greeter}, ${greeter}.asc`, asker);

  say("Trust the key, for images of that name only. Then the signature of the first image counts.");
  await rkt("trust", `--prefix=${GREETER_NAME}`, "--skip-fingerprint-review", key);
  await rkt("fetch", greeter);

  say("The registry has no signature and no TLS, so both must be waived by name.");
  await rkt("fetch", "--insecure-options=image,http", asker);

  say("One pod of both. Its apps share a loopback of their own; no daemon is involved.");
  await rkt("run", "--net=none", GREETER_NAME, asker);
  await rkt("list");
  await rkt("gc", "--grace-period=0s");

  say("Try next, as root:");
  show(
    "dist/rkt help",
    "dist/rkt run --insecure-options=image docker://busybox --exec=/bin/uname -- -a",
    "dist/rkt list",
  );
}

/**
 * Makes a key, signs the file with it, forgets the secret half; returns the path of the public
 * half.
 */
async function signed(file: string, directory: string): Promise<string> {
  await using ring = await createKeyRing(directory);
  const signer = await ring.addSigner("Demo Signer <demo@example.test>", "ed25519");
  await signer.sign(file);
  const path = join(directory, "signer.pub.asc");
  writeFileSync(path, signer.publicKey);
  return path;
}

/**
 * Runs `rkt` with data and configuration below `directory`; the words before the subcommand are
 * shown once.
 */
function rktIn(directory: string): {
  readonly rkt: (...argv: string[]) => Promise<void>;
  readonly words: readonly string[];
} {
  const [data, config] = [join(directory, "data"), join(directory, "config")];
  mkdirSync(data);
  mkdirSync(config);
  const words = [RKT, `--dir=${data}`, `--local-config=${config}`];
  say("Everything happens in a directory that is removed at the end:");
  show(`alias rkt='${words.join(" ")}'`);
  const rkt = (...argv: string[]): Promise<void> =>
    command(["rkt", ...argv].join(" "), [...words, ...argv]);
  return { rkt, words };
}

// Ctrl-C reaches the running command as well; it fails, and with it this program ends in its own
// order.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
try {
  await start();
} catch (error) {
  process.stderr.write(`\nstart: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
