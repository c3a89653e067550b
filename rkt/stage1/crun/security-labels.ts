/**
 * SELinux contexts and AppArmor profiles of an app, where this kernel has them; where not, a line
 * for the person instead.
 */
import { existsSync, readFileSync } from "node:fs";
import type { IsolatorSet } from "@rkt/spec";
import { Fault, quote } from "@shared/base";

export interface SecurityLabels {
  readonly selinuxLabel?: string;
  readonly apparmorProfile?: string;
}

export function securityLabels(
  isolators: IsolatorSet,
  warn: (what: string) => void,
): SecurityLabels {
  const { selinuxContext: context, appArmorProfile: profile } = isolators;
  const labels: { selinuxLabel?: string; apparmorProfile?: string } = {};
  if (context !== undefined) {
    if (existsSync("/sys/fs/selinux/enforce")) {
      labels.selinuxLabel = `${context.user}:${context.role}:${context.type}:${context.level}`;
    } else warn("without its SELinux context: this kernel runs without SELinux");
  }
  if (profile !== undefined) {
    if (hasAppArmor()) labels.apparmorProfile = loaded(profile);
    else warn("without its AppArmor profile: this kernel runs without AppArmor");
  }
  return labels;
}

/** @throws {Fault} "not-found" where the kernel tells its profiles, and this is none of them */
function loaded(profile: string): string {
  const names = profilesOfKernel();
  if (names?.includes(profile) === false && profile !== "unconfined") {
    throw new Fault("not-found", `find AppArmor profile ${quote(profile)}: it is not loaded`, {
      hint: "load it with apparmor_parser(8)",
    });
  }
  return profile;
}

function profilesOfKernel(): readonly string[] | undefined {
  try {
    const lines = readFileSync("/sys/kernel/security/apparmor/profiles", "utf8").split("\n");
    return lines.map((line) => line.replace(/ \([a-z]+\)$/, ""));
  } catch {
    return undefined; // the file system of security modules is not mounted
  }
}

function hasAppArmor(): boolean {
  try {
    return readFileSync("/sys/module/apparmor/parameters/enabled", "utf8").startsWith("Y");
  } catch {
    return false;
  }
}
