/**
 * What may be asked of the supervisor of a mutable pod, and how: one line of JSON to the socket in
 * the pod directory, one line of JSON back when the work is done, then the connection ends. Each
 * connection is one request; there may be many at once.
 */
import { Fault, type FaultKind, hintOf, quote } from "@shared/base";
import { join } from "node:path";

/** The socket; only root comes to the pod directory. */
export function controlSocket(pod: string): string {
  return join(pod, "control");
}

/**
 * - `add`: proves that the app, which the pod manifest has by now, could be started
 * - `start`: starts it, and answers once its program runs
 * - `stop`: asks it to end, kills it after the grace, and answers once it has ended
 * - `rm`: stops it and forgets it; the manifest loses it afterwards
 */
export interface ControlRequest {
  readonly do: "add" | "start" | "stop" | "rm";
  readonly app: string;
  /** What the app gets to end by itself; the supervisor's own measure unless told. */
  readonly graceMs?: number;
}

const VERBS: readonly unknown[] = ["add", "start", "stop", "rm"] satisfies ControlRequest["do"][];

/** Both sides refuse a longer line. */
export const LINE_BYTES_MAX = 65_536;

export function printRequest(request: ControlRequest): string {
  return `${JSON.stringify(request)}\n`;
}

/** @throws {Fault} "invalid" */
export function parseRequest(line: string): ControlRequest {
  const fields = fieldsOf(line);
  const { do: verb, app, graceMs } = fields;
  if (!VERBS.includes(verb) || typeof app !== "string") throw unreadable(line);
  if (graceMs === undefined) return { do: verb as ControlRequest["do"], app };
  if (typeof graceMs !== "number" || !(graceMs >= 0)) throw unreadable(line);
  return { do: verb as ControlRequest["do"], app, graceMs };
}

/** The answer to work that was done, or to work that failed. */
export function printAnswer(fault?: Fault): string {
  if (fault === undefined) return "{}\n";
  const causes: string[] = [];
  for (let each: unknown = fault; each instanceof Error; each = each.cause) {
    causes.push(each.message);
  }
  const hint = hintOf(fault);
  const document = { kind: fault.kind, message: causes.join(": "), ...(hint && { hint }) };
  return `${JSON.stringify({ fault: document })}\n`;
}

/** Returns when the work was done. @throws {Fault} what the supervisor met */
export function parseAnswer(line: string): void {
  const { fault } = fieldsOf(line);
  if (fault === undefined) return;
  if (typeof fault !== "object" || fault === null) throw unreadable(line);
  const { kind, message, hint } = fault as Readonly<Record<string, unknown>>;
  if (typeof kind !== "string" || typeof message !== "string") throw unreadable(line);
  throw new Fault(kind as FaultKind, message, typeof hint === "string" ? { hint } : {});
}

function fieldsOf(line: string): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(line) as unknown;
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // told below
  }
  throw unreadable(line);
}

function unreadable(line: string): Fault {
  return new Fault("invalid", `read ${quote(line.slice(0, 100))}: it is no word of the control`);
}
