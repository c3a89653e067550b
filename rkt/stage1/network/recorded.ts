/**
 * What was set up for a pod, as files in its directory: attachments in order, each written before
 * it is begun, and what came of each network. Any later process can undo or check it.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { CniResult } from "@rkt/spec";
import { writeFileAtomic } from "@shared/base";
import type { FirewallPart } from "./firewall.ts";

/** One thing that was done, with all that undoing it needs. */
export type Attachment = PluginAttachment | DirectAttachment | RulesAttachment;

/** One plugin's ADD. */
export interface PluginAttachment {
  readonly network: string;
  readonly plugin: string;
  readonly interfaceName: string;
  readonly args: string;
  readonly configuration: string;
}

/** A link and its leases, made here. */
export interface DirectAttachment {
  readonly network: string;
  readonly type: "ptp" | "bridge";
  readonly interfaceName: string;
  /** Directory of the leases. */
  readonly leases: string;
}

/** Rules: in tables of the pod's own, or among others in the tables of somebody else. */
export type RulesAttachment =
  | { readonly rules: "nftables" }
  | { readonly rules: "nat" }
  | FirewallPart;

/** What a network's whole chain of plugins came to. */
export interface RecordedResult {
  readonly network: string;
  readonly interfaceName: string;
  readonly result: CniResult;
}

const directoryOf = (pod: string): string => join(pod, "net");
const attachmentsPath = (pod: string): string => join(directoryOf(pod), "attachments.json");
const resultsPath = (pod: string): string => join(directoryOf(pod), "results.json");

/** @returns a function that adds one attachment to the file */
export function startRecord(pod: string): (attachment: Attachment) => void {
  mkdirSync(directoryOf(pod), { recursive: true, mode: 0o750 });
  const attachments: Attachment[] = [];
  return (attachment) => {
    attachments.push(attachment);
    write(attachmentsPath(pod), attachments);
  };
}

/** In the order in which they were begun; empty where there are none, or none any more. */
export function readAttachments(pod: string): Attachment[] {
  return read(attachmentsPath(pod)) as Attachment[];
}

/** Keeps those that could not be undone. */
export function keepAttachments(pod: string, left: readonly Attachment[]): void {
  if (left.length > 0) write(attachmentsPath(pod), left);
  else rmSync(attachmentsPath(pod), { force: true });
}

export function writeResults(pod: string, results: readonly RecordedResult[]): void {
  write(resultsPath(pod), results);
}

/** Empty until all networks are set up. */
export function readResults(pod: string): RecordedResult[] {
  return read(resultsPath(pod)) as RecordedResult[];
}

function write(path: string, value: unknown): void {
  writeFileAtomic(path, JSON.stringify(value), { durable: false });
}

function read(path: string): unknown[] {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as unknown[];
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return [];
    throw error;
  }
}

/** True where something was set up for the pod and not given back. */
export function hasAttachments(pod: string): boolean {
  return readAttachments(pod).length > 0;
}
