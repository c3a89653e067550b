/**
 * firewalld, asked over D-Bus: addresses of pods become sources of its zone "trusted", for as long
 * as firewalld runs. Its own tables are not touched: it may own them, and it makes them anew.
 *
 * @see firewalld.dbus(5)
 */
import { existsSync } from "node:fs";

const PROGRAM = "/usr/bin/busctl";
const ZONE = [
  "org.fedoraproject.FirewallD1",
  "/org/fedoraproject/FirewallD1",
  "org.fedoraproject.FirewallD1.zone",
] as const;

/** Adds the addresses. Says what to do where firewalld does not answer; the pod runs anyway. */
export async function addTrusted(
  host: { readonly note: (line: string) => void },
  sources: readonly string[],
): Promise<void> {
  for (const source of sources) {
    const problem = await ask("addSource", source);
    if (problem === undefined || /ALREADY_(ENABLED|SET)/.test(problem)) continue;
    host.note(`networking: firewalld may refuse ${source}: ${problem}`);
    host.note(`hint: firewall-cmd --zone=trusted --add-source=${source}`);
  }
}

/** Removes them. Whatever firewalld says, they are gone with its next start. */
export async function removeTrusted(sources: readonly string[]): Promise<void> {
  for (const source of sources) await ask("removeSource", source);
}

/** What went wrong, or undefined. */
async function ask(
  method: "addSource" | "removeSource",
  source: string,
): Promise<string | undefined> {
  if (!existsSync(PROGRAM)) return `there is no ${PROGRAM} to ask it`;
  const argv = [
    PROGRAM,
    "--system",
    "--timeout=5",
    "call",
    ...ZONE,
    method,
    "ss",
    "trusted",
    source,
  ];
  const child = Bun.spawn(argv, { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const [errors, status] = await Promise.all([child.stderr.text(), child.exited]);
  return status === 0 ? undefined : errors.trim();
}
