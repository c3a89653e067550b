/**
 * In: the generated tables. Out: for an architecture its calls by name and its number in the
 * kernel's audit interface. Tables are decoded when first asked for, so that importing this costs
 * nothing.
 */
import { AARCH64, ARM, I386, X32_ABSENT, X32_OWN, X86_64 } from "./syscalls.generated.ts";

/** Machines that this program runs on. */
export type Machine = "x86_64" | "aarch64";

/** System call interfaces: each numbers its calls in its own way. */
export type Abi = Machine | "x32" | "i386" | "arm";

export type SyscallTable = ReadonlyMap<string, number>;

/** What the kernel reports as `arch` of a call. @see linux/audit.h */
export const AUDIT_ARCH: Readonly<Record<Abi, number>> = {
  x86_64: 0xc000_003e,
  /** The same as x86_64: the number of the call tells them apart. */
  x32: 0xc000_003e,
  i386: 0x4000_0003,
  aarch64: 0xc000_00b7,
  arm: 0x4000_0028,
};

/** Set in the number of every call of the x32 interface. */
export const X32_BIT = 0x4000_0000;

const decoded = new Map<Abi, SyscallTable>();

/** Numbers by name in ascending order, as the kernel reports them (those of x32 with their bit). */
export function syscallsOf(abi: Abi): SyscallTable {
  let table = decoded.get(abi);
  if (table === undefined) {
    table = abi === "x32" ? decodeX32() : decode(TEXT[abi]);
    decoded.set(abi, table);
  }
  return table;
}

const TEXT: Readonly<Record<Exclude<Abi, "x32">, string>> = {
  x86_64: X86_64,
  i386: I386,
  aarch64: AARCH64,
  arm: ARM,
};

function decode(text: string): SyscallTable {
  const table = new Map<string, number>();
  let number = 0;
  for (const word of text.trim().split(/\s+/)) {
    if (/^\d/.test(word)) number = Number(word);
    else table.set(word, number++);
  }
  return table;
}

function decodeX32(): SyscallTable {
  const own = decode(X32_OWN);
  const absent = new Set(X32_ABSENT.trim().split(/\s+/));
  const table = new Map<string, number>();
  for (const [name, number] of syscallsOf("x86_64")) {
    if (!absent.has(name) && !own.has(name)) table.set(name, number + X32_BIT);
  }
  for (const [name, number] of own) table.set(name, number + X32_BIT);
  return table;
}
