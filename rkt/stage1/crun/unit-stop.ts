/**
 * Whether systemd has sent a signal to all processes of a unit that is being stopped, as it does
 * without `KillMode=mixed`: its own account of the unit flows in, the number of the signal flows
 * out.
 *
 * @see systemd.kill(5)
 */
import { findProgram } from "../programs.ts";

const LIMIT_MS = 2000;

/** Undefined where nothing but this process has got one. */
export async function signalSentToAll(unit: string): Promise<number | undefined> {
  try {
    const properties = ["--property=KillMode", "--property=KillSignal", "--property=SubState"];
    const child = Bun.spawn([findProgram("systemctl"), "show", ...properties, "--", unit], {
      stdio: ["ignore", "pipe", "ignore"],
      env: {},
      timeout: LIMIT_MS,
    });
    return sentToAll(await child.stdout.text());
  } catch {
    return undefined; // no systemd, or it is busy: one signal too many is better than none
  }
}

/** @param account what `systemctl show` prints of the unit */
export function sentToAll(account: string): number | undefined {
  const property = (name: string): string =>
    new RegExp(`^${name}=(.*)$`, "m").exec(account)?.[1] ?? "";
  if (property("KillMode") !== "control-group") return undefined;
  return property("SubState") === "stop-sigterm" ? Number(property("KillSignal")) : undefined;
}
