/**
 * What a command is. The table of all commands (`../table.ts`) holds entries, which are cheap; an
 * entry loads its command, with flags, words for help and the code, only when that command is asked
 * for.
 */
import type { Host } from "../host.ts";
import type { AppArguments } from "./app-arguments.ts";
import type { Flag, FlagValues } from "./flag.ts";

/** A row of the table of commands. */
export interface CommandEntry {
  /** The words after `rkt`: `["image", "list"]`. */
  readonly path: readonly string[];
  /** One line of help. */
  readonly summary: string;
  readonly hidden?: boolean;
  /** The variable of the environment without which the command is unknown, as in rkt. */
  readonly experiment?: string;
  readonly load: () => Promise<Command>;
}

/** One command: what it takes, what help says of it, and what it does. */
export interface Command {
  /** The line of help that follows `rkt `. */
  readonly usage: string;
  /** Paragraphs of help, line by line. */
  readonly description: readonly string[];
  readonly flags: readonly Flag<unknown>[];
  /**
   * "anywhere": flags may stand after arguments; "first": the first argument ends the flags;
   * "images": the arguments are images with flags and arguments of their own.
   */
  readonly grammar: "anywhere" | "first" | "images";
  /** Whether an image may have arguments after "--". */
  readonly appArguments?: boolean;
  /** Exit status of its failures, where it is not the program's. */
  readonly failureStatus?: number;
  /** Refused to anyone but root before anything else is done. */
  readonly needsRoot?: boolean;
  /**
   * Returns the exit status, or "usage" for a call that help should answer. `commands` are those of
   * the whole program.
   */
  run(
    host: Host,
    call: Call,
    commands: readonly CommandEntry[],
  ): number | "usage" | Promise<number | "usage">;
}

/** A command line after parsing. */
export interface Call {
  /** The last word of the command's path: the prefix of its lines on standard error. */
  readonly name: string;
  readonly flags: FlagValues;
  /** Grammar "images" leaves this empty. */
  readonly args: readonly string[];
  readonly apps: readonly AppArguments[];
}
