/** Processes and network interfaces as /proc shows them. Nothing is written. */
import { readFileSync, statSync } from "node:fs";

/** One process at one instant. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parentPid: number;
  /** Effective user id, in the reader's user namespace. */
  readonly uid: number;
  /** `pts/0`; empty without a terminal. */
  readonly terminal: string;
  /** Of processors, since its start, in ms. */
  readonly cpuMs: number;
  /** Since its start, in ms. */
  readonly elapsedMs: number;
  /** Its arguments, or its name in brackets where it has none. */
  readonly command: readonly string[];
}

/** The kernel's clock for users, the same on all our machines. */
const MS_PER_TICK = 10;

/** Undefined for a process that has ended. */
export function processInfo(pid: number): ProcessInfo | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name may hold spaces and brackets: the last bracket ends it.
    const end = text.lastIndexOf(")");
    const name = text.slice(text.indexOf("(") + 1, end);
    const fields = text
      .slice(end + 2)
      .split(" ")
      .map(Number);
    const [, parentPid = 0, , , terminal = 0] = fields;
    const [userTicks = 0, systemTicks = 0] = fields.slice(11, 13);
    const [uptimeS] = readFileSync("/proc/uptime", "utf8").split(" ").map(Number);
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
    return {
      pid,
      parentPid,
      uid: statSync(`/proc/${pid}`).uid,
      terminal: terminalName(terminal),
      cpuMs: (userTicks + systemTicks) * MS_PER_TICK,
      elapsedMs: Math.max(0, (uptimeS ?? 0) * 1000 - (fields[19] ?? 0) * MS_PER_TICK),
      command: words.length === 0 ? [`[${name}]`] : words,
    };
  } catch {
    return undefined;
  }
}

const PTS_MAJOR_FIRST = 136;
const PTS_MAJOR_LAST = 143;

function terminalName(device: number): string {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  if (device === 0) return "";
  if (major < PTS_MAJOR_FIRST || major > PTS_MAJOR_LAST) return `${major}:${minor}`;
  return `pts/${(major - PTS_MAJOR_FIRST) * 256 + minor}`;
}

/** What went through one network interface. */
export interface InterfaceTraffic {
  readonly name: string;
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** Interfaces of the network namespace of a process, but for the loopback. */
export function interfaceTraffic(pid: number): InterfaceTraffic[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/net/dev`, "utf8");
  } catch {
    return []; // it has ended
  }
  return [...text.matchAll(/^\s*([^\s:]+):(.*)$/gm)].flatMap(([, name = "", rest = ""]) => {
    const numbers = rest.trim().split(/\s+/).map(Number);
    if (name === "lo") return [];
    return [{ name, receivedBytes: numbers[0] ?? 0, sentBytes: numbers[8] ?? 0 }];
  });
}
