/** What stage0 needs of the world, made of the command's host. */
import type { Stage0Host } from "@rkt/stage0";
import { kernel } from "@shared/linux";
import type { Call } from "../grammar/command.ts";
import type { Host } from "../host.ts";

/** Warnings go to standard error behind the command's name, results to standard output. */
export function stage0HostOf(host: Host, call: Pick<Call, "name">): Stage0Host {
  return {
    kernel,
    clock: host.clock,
    random: host.random,
    warn: (line) => host.note(`${call.name}: ${line}`),
    print: (line) => host.print(`${line}\n`),
    environment: definedOf(host.environment),
  };
}

function definedOf(environment: Host["environment"]): Record<string, string> {
  const entries = Object.entries(environment);
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
