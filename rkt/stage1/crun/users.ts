/**
 * The user and group of an app: a number, a path whose owner is meant, or a name from the app's own
 * /etc/passwd and /etc/group. Every look-up stays inside the app's root.
 *
 * @see appc 0.8.11 aci.md, `user` and `group`
 */
import { closeSync, fstatSync, readFileSync } from "node:fs";
import { Fault, quote } from "@shared/base";
import type { Kernel } from "@shared/linux";
import type { UserRange } from "../contract.ts";

export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** From /etc/passwd; undefined where the uid has no line there. */
  readonly name: string | undefined;
  readonly home: string | undefined;
  readonly shell: string | undefined;
}

interface PasswdLine {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** An id of an account is at most 2^32 − 2: the largest number means "unchanged" to the kernel. */
const ID_MAX = 2 ** 32 - 2;

/** @param users the ids of the pod's user namespace, by which owners of files are shifted */
export function resolveAccount(
  host: { readonly kernel: Kernel },
  root: string,
  app: { readonly user: string; readonly group: string },
  users?: UserRange,
): Account {
  const own = (id: number): number => (users === undefined ? id : id - users.shift);
  const passwd = readPasswd(host, root);
  const uid = resolveId(host, root, app.user, {
    kind: "user",
    owner: ({ uid }) => own(uid),
    byName: (name) => passwd.find((line) => line.name === name)?.uid,
    otherwise: 0,
  });
  const gid = resolveId(host, root, app.group, {
    kind: "group",
    owner: ({ gid }) => own(gid),
    byName: (name) => readGroups(host, root).get(name),
    otherwise: passwd.find((line) => line.uid === uid)?.gid ?? 0,
  });
  const line = passwd.find((each) => each.uid === uid);
  return { uid, gid, name: line?.name, home: line?.home, shell: line?.shell };
}

interface Lookup {
  readonly kind: "user" | "group";
  readonly owner: (stat: { uid: number; gid: number }) => number;
  readonly byName: (name: string) => number | undefined;
  /** What an empty text means. */
  readonly otherwise: number;
}

function resolveId(
  host: { readonly kernel: Kernel },
  root: string,
  text: string,
  lookup: Lookup,
): number {
  if (text === "") return lookup.otherwise;
  if (/^-?\d+$/.test(text)) {
    const id = Number(text);
    if (id < 0 || id > ID_MAX) throw new Fault("invalid", "Invalid uid or gid");
    return id;
  }
  if (text.startsWith("/")) return ownerOf(host, root, text, lookup);
  const id = lookup.byName(text);
  if (id === undefined) throw new Fault("not-found", `${quote(text)} ${lookup.kind} not found`);
  return id;
}

function ownerOf(
  host: { readonly kernel: Kernel },
  root: string,
  path: string,
  lookup: Lookup,
): number {
  const fd = host.kernel.openInRoot(root, path);
  if (fd === undefined) {
    throw new Fault(
      "not-found",
      `take the ${lookup.kind} from ${quote(path)}: no such file or directory`,
    );
  }
  try {
    return lookup.owner(fstatSync(fd));
  } finally {
    closeSync(fd);
  }
}

function readPasswd(host: { readonly kernel: Kernel }, root: string): PasswdLine[] {
  return readTable(host, root, "/etc/passwd").flatMap(
    ([name = "", , uid = "", gid = "", , home = "", shell = ""]) =>
      /^\d+$/.test(uid) ? [{ name, uid: Number(uid), gid: Number(gid) || 0, home, shell }] : [],
  );
}

function readGroups(host: { readonly kernel: Kernel }, root: string): Map<string, number> {
  return new Map(
    readTable(host, root, "/etc/group").flatMap(([name = "", , gid = ""]) =>
      /^\d+$/.test(gid) ? [[name, Number(gid)] as const] : [],
    ),
  );
}

/**
 * Rows of a colon-separated file inside the root; none where the file is missing or no plain file.
 */
function readTable(host: { readonly kernel: Kernel }, root: string, path: string): string[][] {
  const fd = host.kernel.openInRoot(root, path);
  if (fd === undefined) return [];
  try {
    if (!fstatSync(fd).isFile()) return [];
    return readFileSync(fd, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split(":"));
  } finally {
    closeSync(fd);
  }
}
