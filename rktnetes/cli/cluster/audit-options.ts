/**
 * What the API server writes down of its requests, as flags say it. In: flags. Out: an audit that
 * goes to a file, to a program, or none. @throws {Fault} for a policy that cannot be read
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import type { Audit, AuditSink } from "@rktnetes/apiserver/audit";
import type { AuditBatch } from "@rktnetes/apiserver/audit/batch";
import type { AuditLogOptions } from "@rktnetes/apiserver/audit/log";
import type { ServerHost } from "@rktnetes/apiserver/host";
import { Fault, parseDuration, quote } from "@shared/base";
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
  {
    name: "audit-webhook-config-file",
    value: "FILE",
    usage: "a kubeconfig of who is sent the records",
  },
  {
    name: "audit-webhook-batch-max-size",
    value: "N",
    usage: "sends so many at once",
    initial: "400",
  },
  {
    name: "audit-webhook-batch-max-wait",
    value: "DURATION",
    usage: "waits so long for others to go along",
    initial: "30s",
  },
  {
    name: "audit-webhook-batch-buffer-size",
    value: "N",
    usage: "lets so many wait",
    initial: "10000",
  },
];

export interface AuditSettings {
  readonly policyFile: string;
  readonly log: AuditLogOptions | undefined;
  readonly webhook: AuditWebhookSettings | undefined;
}

interface AuditWebhookSettings {
  readonly file: string;
  readonly maxSize: number;
  readonly maxWaitMs: number;
  readonly bufferSize: number;
}

const MEGABYTE = 1024 * 1024;
const DAY_MS = 86_400_000;

/** Undefined where nothing is to be recorded. */
export function readAuditSettings(flags: FlagValues): AuditSettings | undefined {
  const policyFile = flags.get("audit-policy-file");
  const path = flags.get("audit-log-path");
  const file = flags.get("audit-webhook-config-file");
  if (policyFile === undefined && path === undefined && file === undefined) return undefined;
  if (policyFile === undefined || (path === undefined && file === undefined)) {
    const hint = "say --audit-policy-file, and --audit-log-path or --audit-webhook-config-file";
    throw new Fault("invalid", "record requests: a policy needs a place and a place a policy", {
      hint,
    });
  }
  return { policyFile, log: logSettings(flags, path), webhook: webhookSettings(flags, file) };
}

function logSettings(flags: FlagValues, path: string | undefined): AuditLogOptions | undefined {
  if (path === undefined) return undefined;
  return {
    path,
    maxBytes: numberOf(flags, "audit-log-maxsize") * MEGABYTE,
    maxBackups: numberOf(flags, "audit-log-maxbackup"),
    maxAgeMs: numberOf(flags, "audit-log-maxage") * DAY_MS,
  };
}

function webhookSettings(
  flags: FlagValues,
  file: string | undefined,
): AuditWebhookSettings | undefined {
  if (file === undefined) return undefined;
  return {
    file,
    maxSize: Math.max(1, numberOf(flags, "audit-webhook-batch-max-size")),
    maxWaitMs: parseDuration(flags.get("audit-webhook-batch-max-wait") ?? "30s"),
    bufferSize: Math.max(1, numberOf(flags, "audit-webhook-batch-buffer-size")),
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
  const { readAuditPolicy } = await import("@rktnetes/apiserver/audit/policy");
  const policy = await readAuditPolicy(readFile(settings.policyFile));
  const stack = new AsyncDisposableStack();
  const sinks: AuditSink[] = [];
  if (settings.log !== undefined) {
    const { AuditLog } = await import("@rktnetes/apiserver/audit/log");
    sinks.push(stack.use(await AuditLog.open(settings.log, host.clock)));
  }
  if (settings.webhook !== undefined) {
    sinks.push(stack.use(await openBatch(settings.webhook, host)));
  }
  const sink = { write: (line: string): void => sinks.forEach((each) => each.write(line)) };
  return {
    audit: new Audit(policy, sink, host),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function openBatch(
  { file, ...settings }: AuditWebhookSettings,
  host: ServerHost,
): Promise<AuditBatch> {
  const { AuditBatch } = await import("@rktnetes/apiserver/audit/batch");
  const { readRemote } = await import("./auth-files.ts");
  const remote = await readRemote(file, readFile);
  const failed = (line: string): void => void process.stderr.write(`rktnetes: ${line}\n`);
  return new AuditBatch({ ...settings, remote, failed }, host.clock);
}

function readFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Fault("not-found", `read ${quote(file)}`, { cause: error });
  }
}
