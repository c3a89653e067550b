/** What stage0 needs of the world. Each function asks for the fields that it uses, no more. */
import type { Clock } from "@shared/base";
import type { Kernel } from "@shared/linux";

/** The effects of stage0: the kernel, time, chance, and two ways to speak to the person. */
export interface Stage0Host {
  readonly kernel: Kernel;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  /**
   * One line for the person, on standard error; the command's name is put before it by the callee.
   */
  readonly warn: (line: string) => void;
  /** One line of the command's result, on standard output. */
  readonly print: (line: string) => void;
  /** The environment that stage1 inherits; what is undefined is not set. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}
