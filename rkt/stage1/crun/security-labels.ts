/**
 * SELinux contexts and AppArmor profiles of an app, where this kernel has them; where not, a line
 * for the person instead.
 */
import { existsSync, readFileSync } from "node:fs";
import type { IsolatorSet } from "@rkt/spec";

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
    if (hasAppArmor()) labels.apparmorProfile = profile;
    else warn("without its AppArmor profile: this kernel runs without AppArmor");
  }
  return labels;
}

function hasAppArmor(): boolean {
  try {
    return readFileSync("/sys/module/apparmor/parameters/enabled", "utf8").startsWith("Y");
  } catch {
    return false;
  }
}
