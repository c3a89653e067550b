/**
 * `npm run fuzz -- TARGET [SECONDS]`: gives a parser inputs that nobody thought of.
 *
 * In: the stored inputs of `corpus/TARGET`, changed at random. Out: how many were tried and how
 * many different outcomes there were. An input that ends otherwise than with a value or a fault, or
 * that takes longer than a second, is stored as `corpus/TARGET/found-…`, and the exit status is 1;
 * stored inputs come first in each later run. Never part of the tests.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mutate } from "./mutate.ts";

const ROOT = join(import.meta.dir, "../..");
/** Programs of the packages that offer targets. */
const PACKAGES = ["rkt/image", "rkt/spec", "rktnetes/api", "rktnetes/apiserver"];
const SECONDS = 30;
const SLOW_MS = 1000;
const KNOWN_MAX = 5000;

type Target = (bytes: Uint8Array) => unknown;

async function loadTargets(): Promise<Readonly<Record<string, Target>>> {
  const parts = PACKAGES.map(async (name) => {
    const path = join(ROOT, name, "testdata/fuzz-main.ts");
    return ((await import(path)) as { readonly TARGETS: Record<string, Target> }).TARGETS;
  });
  return Object.assign({}, ...(await Promise.all(parts))) as Record<string, Target>;
}

/** What came of an input, in words without its numbers; undefined means a defect. */
async function outcome(target: Target, bytes: Uint8Array): Promise<string | undefined> {
  const begun = performance.now();
  const words = await wordsOf(target, bytes);
  if (words === undefined || performance.now() - begun <= SLOW_MS) return words;
  const again = performance.now(); // the machine may have been busy with something else
  await wordsOf(target, bytes);
  const tookMs = performance.now() - again;
  return tookMs > SLOW_MS ? report(`it took ${Math.round(tookMs)} ms`) : words;
}

async function wordsOf(target: Target, bytes: Uint8Array): Promise<string | undefined> {
  try {
    return `value ${String(await target(bytes))}`;
  } catch (error) {
    const { name, kind, message } = error as { name: string; kind?: string; message: string };
    const isFault = name === "StatusFault" || (name === "Fault" && kind !== "internal");
    if (!isFault) return report(String(error));
    return message.replace(/"(?:[^"\\]|\\.)*"|\d+/g, "_").slice(0, 200);
  }
}

function report(what: string): undefined {
  console.log(what);
}

async function fuzz(name: string, target: Target, seconds: number): Promise<boolean> {
  const folder = join(import.meta.dir, "corpus", name);
  const stored = existsSync(folder) ? readdirSync(folder).sort() : [];
  const known: Uint8Array[] = stored.map((file) => readFileSync(join(folder, file)));
  const seen = new Set<string>();
  const first = known.length;
  if (first === 0) known.push(new Uint8Array(0));
  const end = performance.now() + seconds * 1000;
  const below = (limit: number): number => Math.floor(Math.random() * limit);
  let tried = 0;
  for (; tried < first || performance.now() < end; tried++) {
    const bytes = tried < first ? (known[tried] as Uint8Array) : mutate(known, below);
    const words = await outcome(target, bytes);
    if (words === undefined) {
      mkdirSync(folder, { recursive: true });
      const path = join(folder, `found-${Bun.hash(bytes).toString(16)}`);
      writeFileSync(path, bytes);
      console.log(`stored as ${path}`);
      return false;
    }
    if (!seen.has(words) && tried >= first && known.length < KNOWN_MAX) known.push(bytes);
    seen.add(words);
  }
  console.log(`${name}: ${tried} inputs, ${seen.size} different outcomes, nothing found`);
  return true;
}

const targets = await loadTargets();
const [wanted = "", seconds = String(SECONDS)] = process.argv.slice(2);
const chosen = wanted === "all" ? Object.keys(targets) : [wanted];
let sound = true;
for (const name of chosen) {
  const target = targets[name];
  if (target === undefined || !(Number(seconds) > 0)) {
    console.log(
      `npm run fuzz -- TARGET [SECONDS]; targets: all, ${Object.keys(targets).join(", ")}`,
    );
    sound = false;
  } else sound = (await fuzz(name, target, Number(seconds))) && sound;
}
process.exitCode = sound ? 0 : 1;
