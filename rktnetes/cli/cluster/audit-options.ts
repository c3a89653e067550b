/**
 * What the API server writes down of its requests, as flags say it. In: flags. Out: an audit that
 * goes to a file, or none. @throws {Fault} for a policy that cannot be read
 */
import { readFileSync } from "node:fs";
import type { Audit } from "@rktnetes/apiserver/audit";
import type { ServerHost } from "@rktnetes/apiserver/host";
import { Fault, quote } from "@shared/base";
import type { Flag, FlagValues } from "../flags/flags.ts";

export const AUDIT_FLAGS: readonly Flag[] = [
  { name: "audit-policy-file", value: "FILE", usage: "says how much of which request is recorded" },
  { name: "audit-log-path", value: "FILE", usage: "takes the records" },
  {
    name: "audit-log-maxsize",
    value: "MB",
    usage: "begins a new file at this size",
    initial: "100",
  },
  {
    name: "audit-log-maxbackup",
    value: "N",
    usage: "keeps so many files, 0 for all",
    initial: "0",
  },
  {
    name: "audit-log-maxage",
    value: "DAYS",
    usage: "keeps files so long, 0 for ever",
    initial: "0",
  },
];

export interface AuditSettings {
  readonly policyFile: string;
  readonly path: string;
  readonly maxBytes: number;
  readonly maxBackups: number;
  readonly maxAgeMs: number;
}

const MEGABYTE = 1024 * 1024;
const DAY_MS = 86_400_000;

/** Undefined where nothing is to be recorded. */
export function readAuditSettings(flags: FlagValues): AuditSettings | undefined {
  const policyFile = flags.get("audit-policy-file");
  const path = flags.get("audit-log-path");
  if (policyFile === undefined && path === undefined) return undefined;
  if (policyFile === undefined || path === undefined) {
    const hint = "say both --audit-policy-file and --audit-log-path";
    throw new Fault("invalid", "record requests: a policy needs a file and a file a policy", {
      hint,
    });
  }
  return {
    policyFile,
    path,
    maxBytes: numberOf(flags, "audit-log-maxsize") * MEGABYTE,
    maxBackups: numberOf(flags, "audit-log-maxbackup"),
    maxAgeMs: numberOf(flags, "audit-log-maxage") * DAY_MS,
  };
}

function numberOf(flags: FlagValues, name: string): number {
  const text = flags.get(name) ?? "0";
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new Fault("invalid", `invalid argument ${quote(text)} for --${name}: not a number`);
}

export interface OpenAudit extends AsyncDisposable {
  readonly audit: Audit | undefined;
}

export async function openAudit(
  settings: AuditSettings | undefined,
  host: ServerHost,
): Promise<OpenAudit> {
  if (settings === undefined) {
    return { audit: undefined, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const { Audit } = await import("@rktnetes/apiserver/audit");
  const { AuditLog } = await import("@rktnetes/apiserver/audit/log");
  const { readAuditPolicy } = await import("@rktnetes/apiserver/audit/policy");
  const policy = await readAuditPolicy(readPolicy(settings.policyFile));
  const log = await AuditLog.open(settings, host.clock);
  return {
    audit: new Audit(policy, log, host),
    [Symbol.asyncDispose]: () => log[Symbol.asyncDispose](),
  };
}

function readPolicy(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Fault("not-found", `read the audit policy ${quote(file)}`, { cause: error });
  }
}
