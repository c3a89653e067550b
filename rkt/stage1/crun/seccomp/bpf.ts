/**
 * In: for each system call interface of a machine, what to answer to which number. Out: the
 * program, in classic BPF, that the kernel runs at every call: an array of struct sock_filter.
 *
 * A binary tree over ranges of numbers; a call that needs it has its arguments looked at. A machine
 * or interface that is not listed is killed. Pure; knows no names of calls.
 *
 * @see Documentation/userspace-api/seccomp_filter.rst, Documentation/networking/filter.rst
 */
import { assert } from "@shared/base";

/** What the kernel does with a call: one of the constants below, or `failWith(errno)`. */
export type Action = number;

export const ALLOW: Action = 0x7fff_0000;
/** Allows the call and writes it to the audit log. */
export const LOG: Action = 0x7ffc_0000;
export const KILL: Action = 0x8000_0000;

/** The call does nothing and fails with this errno. */
export function failWith(errno: number): Action {
  return 0x0005_0000 | errno;
}

/** Holds where `(argument & mask) == value`, on 64 bits. */
export interface Condition {
  /** 0 to 5. */
  readonly argument: number;
  readonly mask: bigint;
  readonly value: bigint;
}

/** The action of the first case whose conditions all hold, or else `otherwise`. */
export interface ByArguments {
  readonly cases: readonly { readonly when: readonly Condition[]; readonly action: Action }[];
  readonly otherwise: Action;
}

export type Decision = Action | ByArguments;

/** The answers of one interface. */
export interface Answers {
  /** In ascending order of the numbers. */
  readonly byNumber: ReadonlyMap<number, Decision>;
  /** Of every number that is not in the map. */
  readonly otherwise: Decision;
}

/** The interfaces that share one value of `arch`. */
export interface ArchProgram {
  readonly auditArch: number;
  readonly answers: Answers;
  /** For numbers from `from` on, which are another interface of the same arch. */
  readonly above?: { readonly from: number; readonly answers: Answers };
}

/**
 * The program for these architectures, most used first, in the byte order of our machines (little).
 */
export function compile(archs: readonly ArchProgram[]): Uint8Array {
  const program: Program = {
    words: new Uint32Array(2 * INSTRUCTIONS_MAX),
    first: INSTRUCTIONS_MAX,
  };
  put(program, RETURN, KILL);
  for (const arch of archs.toReversed()) {
    const rest = program.first;
    putArch(program, arch);
    putJump(program, JEQ, arch.auditArch, rest);
  }
  put(program, LOAD, OFFSET_ARCH);
  return new Uint8Array(program.words.buffer).slice(8 * program.first);
}

/** @see linux/bpf_common.h, BPF_MAXINSNS */
const INSTRUCTIONS_MAX = 4096;

/**
 * Written from its end to its start, so that the way over what follows is known when a jump is put
 * before it. What is put runs from its first instruction, and each path through it ends in a
 * return.
 */
interface Program {
  /** Two per instruction: code and jumps, then the operand. */
  readonly words: Uint32Array;
  /** Index of the first instruction so far. */
  first: number;
}

const LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
const JUMP = 0x05; // BPF_JMP | BPF_JA
const JEQ = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const JGE = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const AND = 0x54; // BPF_ALU | BPF_AND | BPF_K
const RETURN = 0x06; // BPF_RET | BPF_K

/** Fields of struct seccomp_data. */
const OFFSET_NUMBER = 0;
const OFFSET_ARCH = 4;
const OFFSET_ARGUMENTS = 16;

function put(program: Program, code: number, k: number): void {
  assert(program.first > 0, "a seccomp filter of too many instructions");
  program.first -= 1;
  program.words[2 * program.first] = code;
  program.words[2 * program.first + 1] = k;
}

/** Goes on where the accumulator compares so with `k`, else to the instruction at `otherwise`. */
function putJump(program: Program, code: number, k: number, otherwise: number): void {
  const distance = otherwise - program.first;
  const far = distance > 255;
  // A conditional jump reaches 255 instructions; an unconditional one reaches all.
  if (far) put(program, JUMP, distance);
  put(program, far ? code | (1 << 16) : code | (distance << 24), k);
}

function putArch(program: Program, { answers, above }: ArchProgram): void {
  putTree(program, rangesOf(answers));
  if (above !== undefined) {
    const below = program.first;
    putTree(program, rangesOf(above.answers));
    putJump(program, JGE, above.from, below);
  }
  put(program, LOAD, OFFSET_NUMBER);
}

/**
 * All numbers, in order: from `from[i]` to `from[i + 1]` the decision is `decisions[i]`, and
 * neighbours differ.
 */
interface Ranges {
  readonly from: number[];
  readonly decisions: Decision[];
}

function rangesOf({ byNumber, otherwise }: Answers): Ranges {
  const ranges: Ranges = { from: [], decisions: [] };
  let next = 0;
  for (const [number, decision] of byNumber) {
    assert(number >= next, "answers out of order");
    if (number > next) begin(ranges, next, otherwise);
    begin(ranges, number, decision);
    next = number + 1;
  }
  begin(ranges, next, otherwise);
  return ranges;
}

function begin({ from, decisions }: Ranges, number: number, decision: Decision): void {
  if (decisions.at(-1) === decision) return;
  from.push(number);
  decisions.push(decision);
}

/** Decides among the ranges from `low` on and before `high`. */
function putTree(program: Program, ranges: Ranges, low = 0, high = ranges.from.length): void {
  if (high - low === 1) return putDecision(program, ranges.decisions[low] ?? KILL);
  const middle = (low + high) >> 1;
  putTree(program, ranges, low, middle);
  const lower = program.first;
  putTree(program, ranges, middle, high);
  putJump(program, JGE, ranges.from[middle] ?? 0, lower);
}

function putDecision(program: Program, decision: Decision): void {
  if (typeof decision === "number") return put(program, RETURN, decision);
  put(program, RETURN, decision.otherwise);
  for (const { when, action } of decision.cases.toReversed()) {
    const miss = program.first;
    put(program, RETURN, action);
    for (const condition of when.toReversed()) putCondition(program, condition, miss);
  }
}

/** Goes on where the condition holds. An argument is two words in memory, the low one first. */
function putCondition(program: Program, condition: Condition, miss: number): void {
  for (const half of [1, 0]) {
    const mask = wordOf(condition.mask, half);
    const value = wordOf(condition.value, half);
    // What the mask hides need not be looked at.
    if (mask === 0 && value === 0) continue;
    putJump(program, JEQ, value, miss);
    if (mask !== 0xffff_ffff) put(program, AND, mask);
    put(program, LOAD, OFFSET_ARGUMENTS + 8 * condition.argument + 4 * half);
  }
}

function wordOf(value: bigint, half: number): number {
  return Number((value >> BigInt(32 * half)) & 0xffff_ffffn);
}
