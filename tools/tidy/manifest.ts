/**
 * One package.json, as far as the rules need it: the name, and which file stands behind each
 * export.
 *
 * In: path and text. Out: a value, paths relative to the repository.
 */
import { dirname, posix } from "node:path";

export interface Manifest {
  readonly path: string;
  readonly name: string;
  /** From `.` or `./main` to the file's path in the repository. */
  readonly exports: ReadonlyMap<string, string>;
}

export function toManifest(path: string, text: string): Manifest {
  const json: unknown = JSON.parse(text);
  const name = field(json, "name");
  const exported = field(json, "exports") ?? {};
  const entries = Object.entries(exported).flatMap(([key, file]) =>
    typeof file === "string" ? [[key, posix.join(dirname(path), file)] as const] : [],
  );
  return { path, name: typeof name === "string" ? name : "", exports: new Map(entries) };
}

function field(json: unknown, name: string): unknown {
  if (typeof json !== "object" || json === null) return undefined;
  return Object.entries(json).find(([key]) => key === name)?.[1];
}
