/**
 * A program of this executable that has commands: rkt itself, and the tools that come with it. Data
 * only.
 */
import type { CommandEntry } from "./command.ts";

export interface Program {
  /** As a person types it. */
  readonly name: string;
  /** What follows the name in help. */
  readonly summary: string;
  /** Paragraphs of help, line by line. */
  readonly description: readonly string[];
  readonly commands: readonly CommandEntry[];
  /** Words for help on commands of two words, by the first one. */
  readonly groups: Readonly<
    Record<string, { readonly summary: string; readonly description: readonly string[] }>
  >;
  /** Exit status of everything that is the program's own failure. */
  readonly failureStatus: number;
}
