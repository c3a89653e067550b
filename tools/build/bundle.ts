/** How the bundler is asked: the sources of the executable flow in, chunks of code flow out. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { directImports } from "./direct-imports.ts";

/** Files whose imports may go past the doors of packages. */
const OWN_SOURCES = /\/(?:app|rkt|shared)\/(?!.*node_modules).*\.ts$/;

/**
 * Splitting keeps the code of each command in chunks of its own, read when they are imported.
 *
 * @param root the repository's
 */
export function bundleOptions(root: string): Bun.BuildConfig {
  const direct = directImports(root);
  return {
    entrypoints: [join(root, "app/main.ts")],
    root,
    splitting: true,
    minChunkSize: 16_384,
    format: "esm",
    target: "bun",
    plugins: [
      {
        name: "direct imports",
        setup: (bundler) => {
          bundler.onLoad({ filter: OWN_SOURCES }, ({ path }) => ({
            contents: direct(readFileSync(path, "utf8")),
            loader: "ts",
          }));
        },
      },
    ],
  };
}
