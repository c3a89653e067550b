/**
 * The program of an app, found inside its root before anything is started, so that a wrong name
 * gets a clear answer.
 *
 * What lies in a volume is not looked at: it is not mounted yet, and the runtime will say.
 */
import { closeSync } from "node:fs";
import { join } from "node:path";
import { Fault, quote } from "@shared/base";
import type { Kernel } from "@shared/linux";

export interface ExecutableSearch {
  readonly root: string;
  /** The first word of the command. */
  readonly program: string;
  readonly workingDirectory: string;
  /** The app's PATH. */
  readonly path: string;
  /** Where volumes will be mounted. */
  readonly volumeTargets: readonly string[];
}

/**
 * @returns the absolute path of the program in the app's root
 * @throws {Fault} "not-found" where the program is neither in the root nor possibly in a volume
 */
export function checkExecutable(
  host: { readonly kernel: Kernel },
  search: ExecutableSearch,
): string {
  const candidates = candidatePaths(search);
  const found = candidates.find((path) => mayExist(host, search, path));
  if (found !== undefined) return found;
  const { program } = search;
  if (program.includes("/")) {
    throw new Fault("not-found", `can't execute ${quote(program)}: no such file or directory`);
  }
  const where = [search.workingDirectory, search.path].join(":");
  throw new Fault("not-found", `unable to find ${quote(program)} in ${quote(where)}`);
}

function candidatePaths({ program, workingDirectory, path }: ExecutableSearch): string[] {
  if (program.startsWith("/")) return [program];
  if (program.includes("/")) return [join("/", workingDirectory, program)];
  return path.split(":").map((directory) => join("/", directory, program));
}

function mayExist(
  host: { readonly kernel: Kernel },
  search: ExecutableSearch,
  path: string,
): boolean {
  if (search.volumeTargets.some((target) => path.startsWith(join(target, "/")))) return true;
  const fd = host.kernel.openInRoot(search.root, path);
  if (fd !== undefined) closeSync(fd);
  return fd !== undefined;
}
