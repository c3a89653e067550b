/** mount(2) and umount2(2) with flags as words. */
import { quote } from "@shared/base";
import { check, cString, libc } from "./libc.ts";

const FLAG = {
  ro: 0x1,
  nosuid: 0x2,
  nodev: 0x4,
  noexec: 0x8,
  remount: 0x20,
  noatime: 0x400,
  bind: 0x1000,
  rec: 0x4000,
  unbindable: 0x2_0000,
  private: 0x4_0000,
  slave: 0x8_0000,
  shared: 0x10_0000,
  relatime: 0x20_0000,
} as const;

/** A flag of mount(2), by its usual word. */
export type MountFlag = keyof typeof FLAG;

/** One call of mount(2). */
export interface MountRequest {
  /** A path, or a word such as `overlay` where the file system has no source. */
  readonly source?: string;
  readonly target: string;
  readonly type?: string;
  readonly flags?: readonly MountFlag[];
  /** Options of the file system, at most one page. */
  readonly data?: string;
}

/** @throws {Fault} of errno; the message names source and target */
export function mount(request: MountRequest): void {
  const { source, target, type, flags = [], data } = request;
  const bits = flags.reduce((sum, flag) => sum | FLAG[flag], 0);
  const result = libc().mount(
    cString(source ?? "none"),
    cString(target),
    type === undefined ? null : cString(type),
    BigInt(bits),
    data === undefined ? null : cString(data),
  );
  check(result, () => `mount ${quote(source ?? type ?? "none")} on ${quote(target)}`);
}

const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;

/** Unmounts what lies on `target`, which is not followed if it is a link. */
export function unmount(target: string, options: { readonly detach: boolean }): void {
  const flags = UMOUNT_NOFOLLOW | (options.detach ? MNT_DETACH : 0);
  check(libc().umount2(cString(target), flags), () => `unmount ${quote(target)}`);
}
