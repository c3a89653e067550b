/**
 * What the hot ways load before they do anything: a module of node's that takes milliseconds to
 * load, behind one careless import, is told here.
 */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { bundleOptions } from "./bundle.ts";

const ROOT = join(import.meta.dir, "../..");

interface Imported {
  readonly path: string;
  readonly kind: string;
  readonly external?: boolean;
}

interface Graph {
  readonly inputs: Readonly<Record<string, { readonly imports: readonly Imported[] }>>;
  readonly outputs: Readonly<
    Record<string, { readonly imports: readonly Imported[]; readonly inputs: object }>
  >;
}

async function bundle(): Promise<Graph> {
  const { metafile } = await Bun.build({ ...bundleOptions(ROOT), metafile: true });
  if (metafile === undefined) throw new Error("the bundler told nothing of its chunks");
  return metafile;
}

const statically = ({ kind }: Imported): boolean => kind === "import-statement";

/** The source files that are loaded with this one, in whatever chunks they are. */
function loadedWith({ outputs }: Graph, file: string): string[] {
  const first = Object.keys(outputs).find((name) => file in (outputs[name]?.inputs ?? {}));
  const chunks = new Set(first === undefined ? [] : [first]);
  for (const name of chunks) {
    for (const { path } of outputs[name]?.imports.filter(statically) ?? []) {
      if (path in outputs) chunks.add(path);
    }
  }
  return [...chunks].flatMap((name) => Object.keys(outputs[name]?.inputs ?? {}));
}

/** Modules of the runtime that these files import. */
function runtimeModules({ inputs }: Graph, files: readonly string[]): Set<string> {
  const imports = files.flatMap((file) => inputs[file]?.imports ?? []);
  // A path is that of a macro, which is run by the bundler.
  const external = imports.filter(
    (each) => each.external === true && statically(each) && !each.path.startsWith("."),
  );
  return new Set(external.map(({ path }) => path.replace(/^node:/, "")));
}

const CHEAP = ["bun:ffi", "bun:sqlite", "fs", "os", "path", "process"];

const WAYS: readonly [file: string, reason: string][] = [
  ["app/main.ts", "the choice of the program"],
  ["rkt/cli/main.ts", "the command line"],
  ["rkt/cli/commands/run.ts", "rkt run"],
  ["rkt/cli/commands/list.ts", "rkt list"],
  ["rkt/cli/commands/gc.ts", "rkt gc"],
  ["rkt/stage1/crun/run.ts", "the supervisor"],
];

test("what takes long to load is loaded by none of the hot ways", async () => {
  const graph = await bundle();
  for (const [file, reason] of WAYS) {
    const files = loadedWith(graph, file);
    expect(files, reason).toContain(file);
    const dear = [...runtimeModules(graph, files)].filter((each) => !CHEAP.includes(each));
    expect(dear, reason).toEqual([]);
  }
  const fetching = runtimeModules(graph, loadedWith(graph, "rkt/image/config/aws.ts"));
  expect(fetching, "a way that does load one").toContain("crypto");
});
