/**
 * Imports past the doors of packages: a source text that imports names from a package's `mod.ts`
 * flows in, the same text that imports each name from the file that makes it flows out.
 *
 * A bundler that splits code loads all files behind a door for whoever comes through it; so each
 * command loads what it uses. What is not understood stays as it is. Never changes a file.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const GROUPS = ["shared", "rkt"];

/** Rewrites the imports of one source text. */
export type DirectImports = (text: string) => string;

/** A package of this repository: where it lies and which of its files others may import. */
interface Package {
  readonly directory: string;
  /** By the path behind the package's name, as in its manifest: `.`, `./contract`, … */
  readonly exports: Readonly<Record<string, string>>;
}

/** A name that a file exports, and the file that makes it under the name that it has there. */
interface Origin {
  readonly file: string;
  readonly name: string;
}

/** @param root the repository's */
export function directImports(root: string): DirectImports {
  const doors = new Map<string, ReadonlyMap<string, Origin>>();
  const packages = findPackages(root);
  const originsBehind = (specifier: string): ReadonlyMap<string, Origin> => {
    const known = doors.get(specifier);
    if (known !== undefined) return known;
    const door = doorOf(packages, specifier);
    const origins = door === undefined ? new Map<string, Origin>() : originsOf(door);
    doors.set(specifier, origins);
    return origins;
  };
  return (text) =>
    text.replace(
      /^import \{([^}]*)\} from "(@[^"]+)";$/gm,
      (whole: string, names: string, specifier: string) =>
        rewritten(names, originsBehind(specifier)) ?? whole,
    );
}

function findPackages(root: string): ReadonlyMap<string, Package> {
  const found = new Map<string, Package>();
  for (const group of GROUPS.filter((each) => existsSync(join(root, each)))) {
    for (const name of readdirSync(join(root, group))) {
      const directory = join(root, group, name);
      const manifest = join(directory, "package.json");
      if (!existsSync(manifest)) continue;
      const { name: specifier, exports = {} } = JSON.parse(readFileSync(manifest, "utf8")) as {
        name: string;
        exports?: Record<string, string>;
      };
      found.set(specifier, { directory, exports });
    }
  }
  return found;
}

/** The file that `specifier` names; undefined for packages of others. */
function doorOf(packages: ReadonlyMap<string, Package>, specifier: string): string | undefined {
  const [, name = "", path = ""] = /^(@[^/]+\/[^/]+)(?:\/(.+))?$/.exec(specifier) ?? [];
  const found = packages.get(name);
  const file = found?.exports[path === "" ? "." : `./${path}`];
  return found === undefined || file === undefined ? undefined : join(found.directory, file);
}

/** What a file only passes on, by the name under which it does so. */
function originsOf(file: string): ReadonlyMap<string, Origin> {
  const origins = new Map<string, Origin>();
  const text = readFileSync(file, "utf8");
  for (const [, names = "", from = ""] of text.matchAll(/^export \{([^}]*)\} from "([^"]+)";$/gm)) {
    const source = resolve(dirname(file), from);
    for (const { name, as } of listOf(names)) origins.set(as, { file: source, name });
  }
  return origins;
}

/** Undefined where a name comes from none of the files. */
function rewritten(names: string, origins: ReadonlyMap<string, Origin>): string | undefined {
  const lines: string[] = [];
  for (const { name, as } of listOf(names)) {
    const origin = origins.get(name);
    if (origin === undefined) return undefined;
    lines.push(`import { ${origin.name} as ${as} } from ${JSON.stringify(origin.file)};`);
  }
  return lines.join("");
}

/** Of names between braces those that are more than types. */
function listOf(names: string): { readonly name: string; readonly as: string }[] {
  return names
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "" && !each.startsWith("type "))
    .map((each) => {
      const [name = "", as = name] = each.split(/\s+as\s+/);
      return { name, as };
    });
}
