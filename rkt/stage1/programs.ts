/** The programs that this flavour starts, and what to install where one is missing. */
import { accessSync, constants } from "node:fs";
import { Fault, quote } from "@shared/base";

const DIRECTORIES = ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/local/sbin"];

const PACKAGE = {
  crun: "crun",
  catatonit: "catatonit",
  nsenter: "util-linux",
  setpriv: "util-linux",
  systemctl: "systemd",
  unshare: "util-linux",
} as const;

/** Absolute path of a program. @throws {Fault} "missing-program" */
export function findProgram(name: keyof typeof PACKAGE): string {
  const found = DIRECTORIES.map((directory) => `${directory}/${name}`).find(isExecutable);
  if (found !== undefined) return found;
  throw new Fault(
    "missing-program",
    `find program ${quote(name)}: not in ${DIRECTORIES.join(":")}`,
    {
      hint: `install it: apt-get install ${PACKAGE[name]}`,
    },
  );
}

/** True where `path` may be executed by this process. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
