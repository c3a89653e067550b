/**
 * Runs a program and measures the memory of it and of all its descendants. In: a file for the
 * figures and the program; out: the program's own output and status, and the figures as JSON.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

export interface Memory {
  /** The largest sum, at one moment, of what the processes have for themselves, in MB. */
  readonly togetherMB: number;
  /** The largest resident set that any one process ever had, shared pages included, in MB. */
  readonly largestMB: number;
}

const LOOK_MS = 10;

/** `<bun> measure.ts FILE PROGRAM …` */
export function measuring(file: string): string[] {
  return [process.execPath, "run", import.meta.path, file];
}

/** What the program noted. */
export function readMemory(file: string): Memory {
  return JSON.parse(readFileSync(file, "utf8")) as Memory;
}

async function measure(file: string, argv: readonly string[]): Promise<number> {
  const child = Bun.spawn([...argv], { stdio: ["inherit", "inherit", "inherit"] });
  let together = 0;
  const timer = setInterval(() => {
    together = Math.max(together, privateKb(child.pid));
  }, LOOK_MS);
  const status = await child.exited;
  clearInterval(timer);
  const largest = child.resourceUsage()?.maxRSS ?? 0;
  const memory: Memory = { togetherMB: together / 1024, largestMB: largest / 1024 / 1024 };
  writeFileSync(file, JSON.stringify(memory));
  return status;
}

/** Of a process and all below it. */
function privateKb(root: number): number {
  try {
    const status = readFileSync(`/proc/${root}/status`, "utf8");
    const own = Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
    const tasks = readdirSync(`/proc/${root}/task`);
    const children = tasks.flatMap((task) =>
      readFileSync(`/proc/${root}/task/${task}/children`, "utf8").split(" ").filter(Boolean),
    );
    return children.reduce((sum, pid) => sum + privateKb(Number(pid)), own);
  } catch {
    return 0; // it has ended
  }
}

if (import.meta.main) {
  const [file = "", ...argv] = process.argv.slice(2);
  process.exitCode = await measure(file, argv);
}
