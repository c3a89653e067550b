/**
 * resolv.conf and hosts of an app: which file, if any, is bound over the image's.
 *
 * @see rkt Documentation/networking/dns.md
 */
import { closeSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CniResult } from "@rkt/spec";
import type { Kernel } from "@shared/linux";
import type { DnsConfMode } from "../arguments.ts";
import { podPaths } from "../contract.ts";
import type { BoundVolume } from "./bound-volume.ts";

export interface NameFilesInput {
  readonly pod: string;
  readonly mode: DnsConfMode;
  readonly hostname: string;
  readonly results: readonly CniResult[];
}

/**
 * Writes the pod's own files where the mode asks for them. Call once per pod.
 * @returns the path of the resolv.conf to bind, undefined to leave the images' own
 */
export function writeNameFiles(input: NameFilesInput): string | undefined {
  const { pod, mode, hostname, results } = input;
  writeFileSync(fallbackHosts(pod), hostsText(hostname));
  if (mode.resolv === "host") return "/etc/resolv.conf";
  if (mode.resolv === "stage0") return podPaths.resolvConf(pod);
  const answer = results.find(({ dns }) => dns.nameservers.length > 0);
  if (mode.resolv === "none" || answer === undefined) return undefined;
  const path = join(podPaths.stage1Root(pod), "etc/resolv.conf");
  writeFileSync(path, resolvConfText(answer.dns));
  return path;
}

/** What is bound over one app's files. */
export function nameFileBinds(
  host: { readonly kernel: Kernel },
  root: string,
  input: NameFilesInput,
  resolvConf: string | undefined,
): BoundVolume[] {
  const binds: BoundVolume[] = [];
  const add = (source: string, target: string): void => {
    binds.push({ source, target, readOnly: false, recursive: false });
  };
  if (resolvConf !== undefined) add(resolvConf, "/etc/resolv.conf");
  if (input.mode.hosts === "host") add("/etc/hosts", "/etc/hosts");
  else if (input.mode.hosts === "stage0") add(podPaths.hosts(input.pod), "/etc/hosts");
  else if (!existsInRoot(host, root, "/etc/hosts")) add(fallbackHosts(input.pod), "/etc/hosts");
  return binds;
}

function existsInRoot(host: { readonly kernel: Kernel }, root: string, path: string): boolean {
  const fd = host.kernel.openInRoot(root, path);
  if (fd !== undefined) closeSync(fd);
  return fd !== undefined;
}

function fallbackHosts(pod: string): string {
  return join(podPaths.stage1Root(pod), "etc/hosts-fallback");
}

function hostsText(hostname: string): string {
  return [
    "127.0.0.1\tlocalhost localhost.localdomain",
    "::1\tlocalhost localhost.localdomain ip6-localhost ip6-loopback",
    `127.0.0.1\t${hostname}`,
    "",
  ].join("\n");
}

function resolvConfText(dns: CniResult["dns"]): string {
  const lines = [
    ...(dns.search.length > 0 ? [`search ${dns.search.join(" ")}`] : []),
    ...dns.nameservers.map((server) => `nameserver ${server}`),
    ...(dns.options.length > 0 ? [`options ${dns.options.join(" ")}`] : []),
    ...(dns.domain !== undefined ? [`domain ${dns.domain}`] : []),
  ];
  return `${lines.join("\n")}\n`;
}
