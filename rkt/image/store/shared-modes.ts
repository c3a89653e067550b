/**
 * Files and directories that members of group `rkt` write too, whatever the umask. In: paths; out:
 * files and directories with the modes that rkt gives its store. Directories hand their group on
 * (set-group-id), so that nobody needs to ask for it again.
 *
 * @see rkt dist/init/systemd/tmpfiles.d/rkt.conf, dist/scripts/setup-data-dir.sh
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { Fault } from "@shared/base";

const GROUP = "rkt";
const GROUP_FILE = "/etc/group";
const ALL_OF_GROUP = 0o070;
const READ_WRITE_OF_GROUP = 0o060;
const WRITTEN_BY_OTHERS = 0o1022;
const SET_GROUP_ID = 0o2000;

/** The number of group `rkt`; undefined where the machine has none, or we cannot give it files. */
export function sharingGroup(): number | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  try {
    const line = new RegExp(`^${GROUP}:[^:]*:(\\d+):`, "m").exec(readFileSync(GROUP_FILE, "utf8"));
    return line?.[1] === undefined ? undefined : Number(line[1]);
  } catch (error) {
    if (Fault.from(error).kind === "not-found") return undefined;
    throw error;
  }
}

/** A directory with exactly this mode; what is there already stays as it is. */
export function makeStoreDirectory(path: string, mode: number, group: number | undefined): void {
  if (mkdirSync(path, { recursive: true, mode }) !== undefined) giveTo(path, mode, group);
}

/** Gives the group what it must have of a path. */
function giveTo(path: string, mode: number, group: number | undefined): void {
  if (group !== undefined) chownSync(path, -1, group);
  const inherited = group !== undefined && statSync(path).isDirectory() ? SET_GROUP_ID : 0;
  chmodSync(path, mode | inherited);
}

/** Lets the group into a data directory that is root's alone; another one is somebody's choice. */
export function openToGroup(path: string, group: number | undefined): void {
  const { uid, gid, mode } = statSync(path);
  const isRoots = uid === 0 && gid === 0 && (mode & WRITTEN_BY_OTHERS) === 0;
  if (group !== undefined && isRoots) giveTo(path, (mode & 0o777) | 0o050, group);
}

/** A directory, inside of one of the store's, that every member may write to. */
export function makeSharedDirectory(path: string): void {
  const parent = dirname(path);
  if (statSync(parent, { throwIfNoEntry: false }) === undefined) makeSharedDirectory(parent);
  if (mkdirSync(path, { recursive: true, mode: 0o770 }) === undefined) return;
  chmodSync(path, (statSync(path).mode & 0o7777) | ALL_OF_GROUP);
}

/** Opens a file that every member may write to, and may have made. */
export function openShared(path: string, flags: string | number): number {
  const fd = openSync(path, flags, 0o660);
  try {
    const { mode, uid } = fstatSync(fd);
    const lacks = (mode & READ_WRITE_OF_GROUP) !== READ_WRITE_OF_GROUP;
    if (lacks && uid === process.geteuid?.()) fchmodSync(fd, (mode & 0o7777) | READ_WRITE_OF_GROUP);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
