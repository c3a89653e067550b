/**
 * What the API server takes from the machine: time and chance. Everything else comes in as data.
 */
import type { Clock } from "@shared/base";

/** Time and chance. */
export interface ServerHost {
  readonly clock: Clock;
  /** A new random UUID. */
  uuid(): string;
  /** `count` random letters that spell no words: the end of generated names. */
  letters(count: number): string;
  /** A number in [0, 1). */
  random(): number;
}

/** A time as `creationTimestamp` has it: RFC 3339, to the second. */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
