/**
 * What a rule says: where, what is wrong there, and what to do instead.
 *
 * In: nothing. Out: the two types that all rules share, and a finding as one line of text.
 */
import type { Repository } from "./repository.ts";

export interface Finding {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly what: string;
  readonly instead: string;
}

export interface Rule {
  /** What holds when the rule is kept, as a test's name. */
  readonly name: string;
  readonly check: (repository: Repository) => readonly Finding[];
}

/** `path:line: what; instead`, which terminals and editors turn into a link. */
export function formatFinding(finding: Finding): string {
  return `${finding.path}:${finding.line}: ${finding.what}; ${finding.instead}`;
}
