/**
 * Makes a tree that was just written survive a power cut. In: a path; out: nothing, once its whole
 * file system is on disk. That may take seconds: a process of its own waits for it, so that
 * downloads and signals go on meanwhile.
 */
import { errnoKind, errnoWords, Fault, quote } from "@shared/base";
import type { Kernel } from "@shared/linux";

export interface SyncHost {
  readonly kernel: Pick<Kernel, "syncFileSystem">;
}

/** @throws {Fault} "exhausted" where the file system finds only now that it is full */
export async function syncTree(host: SyncHost, path: string): Promise<void> {
  const program = Bun.which("sync");
  if (program === null) return host.kernel.syncFileSystem(path);
  const argv = [program, "-f", path];
  const child = Bun.spawn(argv, { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const words = (await child.stderr.text()).trim();
  if ((await child.exited) === 0) return;
  const full = ["ENOSPC", "EDQUOT"].find((code) => words.toLowerCase().includes(errnoWords(code)));
  throw new Fault(full ? errnoKind(full) : "internal", `sync ${quote(path)}: ${words}`);
}
