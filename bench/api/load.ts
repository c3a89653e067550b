/** Load on an HTTPS server by wrk, and what it cost the server's process. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "@e2e/rkt";

/** A server that is measured. */
export interface Target {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  readonly pid: number;
  readonly token: string;
}

export interface Load {
  readonly kind: "create" | "get" | "patch";
  readonly path: string;
  readonly connections: number;
  readonly seconds: number;
  /** Keeps the names of this load's objects apart from others'. */
  readonly prefix: string;
}

export interface Answered {
  readonly perSecond: number;
  /** Processor time of the server for each request, in µs. */
  readonly cpuUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Summary {
  readonly requests: number;
  readonly us: number;
  readonly refused: number;
  readonly broken: number;
  readonly p50us: number;
  readonly p99us: number;
}

const SCRIPT = join(import.meta.dir, "load.lua");

/** One thread of wrk; throws when any request was not answered with success. */
export async function load(target: Target, wanted: Load): Promise<Answered> {
  const { kind, path, connections, seconds, prefix } = wanted;
  const before = cpuMs(target.pid);
  const output = await must([
    ...["wrk", "--threads=1", `--connections=${connections}`, `--duration=${seconds}s`],
    ...[`--script=${SCRIPT}`, target.url, "--", kind, path, target.token, prefix],
  ]);
  const spent = cpuMs(target.pid) - before;
  const summary = JSON.parse(output.trimEnd().split("\n").at(-1) ?? "") as Summary;
  if (summary.refused + summary.broken > 0)
    throw new Error(`${kind} ${path}: ${summary.refused} refused, ${summary.broken} broken`);
  return {
    perSecond: summary.requests / (summary.us / 1e6),
    cpuUs: (spent * 1000) / summary.requests,
    p50Ms: summary.p50us / 1000,
    p99Ms: summary.p99us / 1000,
  };
}

/** Processor time of all threads of a process so far. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const TICK_MS = 10; // USER_HZ is 100 on every architecture that Bun runs on
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
