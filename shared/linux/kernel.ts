/**
 * The kernel as a parameter: one record of calls, so that privileged code can be read, tested and
 * recorded.
 */
import { statfsSync } from "node:fs";
import {
  exchange,
  flock,
  getXattr,
  listXattrs,
  mknod,
  openInRoot,
  pipe,
  setCloseOnExec,
  setTimes,
  setXattr,
  syncFileSystem,
} from "./files.ts";
import { mount, unmount } from "./mounts.ts";
import {
  inNamespace,
  inNewNamespaces,
  setHostname,
  setLoopbackUp,
  setns,
  unshare,
} from "./namespaces.ts";
import { bindMount, mapIds, newUserNamespace, waitForUserNamespace } from "./user-namespaces.ts";
import { chroot, execve, setChildSubreaper, setParentDeathSignal } from "./processes.ts";

/**
 * Every call that changes more than a file. All are synchronous and throw a Fault of errno's kind.
 */
export interface Kernel {
  readonly flock: typeof flock;
  readonly setCloseOnExec: typeof setCloseOnExec;
  readonly mknod: typeof mknod;
  readonly setXattr: typeof setXattr;
  readonly setTimes: typeof setTimes;
  readonly getXattr: typeof getXattr;
  readonly listXattrs: typeof listXattrs;
  readonly openInRoot: typeof openInRoot;
  readonly pipe: typeof pipe;
  readonly exchange: typeof exchange;
  readonly syncFileSystem: typeof syncFileSystem;
  /** The magic number of the file system that holds `path`, as statfs(2) tells. */
  readonly fileSystemType: (path: string) => number;
  readonly mount: typeof mount;
  readonly unmount: typeof unmount;
  readonly bindMount: typeof bindMount;
  readonly newUserNamespace: typeof newUserNamespace;
  readonly waitForUserNamespace: typeof waitForUserNamespace;
  readonly mapIds: typeof mapIds;
  readonly unshare: typeof unshare;
  readonly setns: typeof setns;
  readonly inNewNamespaces: typeof inNewNamespaces;
  readonly inNamespace: typeof inNamespace;
  readonly setHostname: typeof setHostname;
  readonly setLoopbackUp: typeof setLoopbackUp;
  readonly chroot: typeof chroot;
  readonly execve: typeof execve;
  readonly setChildSubreaper: typeof setChildSubreaper;
  readonly setParentDeathSignal: typeof setParentDeathSignal;
}

/** The kernel of this machine. */
export const kernel: Kernel = {
  flock,
  setCloseOnExec,
  mknod,
  setXattr,
  setTimes,
  getXattr,
  listXattrs,
  openInRoot,
  pipe,
  exchange,
  syncFileSystem,
  fileSystemType: (path) => statfsSync(path).type,
  mount,
  unmount,
  bindMount,
  newUserNamespace,
  waitForUserNamespace,
  mapIds,
  unshare,
  setns,
  inNewNamespaces,
  inNamespace,
  setHostname,
  setLoopbackUp,
  chroot,
  execve,
  setChildSubreaper,
  setParentDeathSignal,
};
