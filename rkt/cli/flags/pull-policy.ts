/** `--pull-policy`: whether an image of the local store will do. */
import { type Flag, choiceFlag } from "../grammar/flag.ts";

export type PullPolicy = "new" | "never" | "update";

/** The flag, with the default of the command. */
export function pullPolicyFlag(initial: PullPolicy): Flag<PullPolicy> {
  return choiceFlag(
    {
      name: "pull-policy",
      usage: 'when to pull an image. Accepted values: "new", "never", "update"',
      shown: JSON.stringify(initial),
    },
    ["new", "never", "update"],
    initial,
    () => 'must be one of "new", "never", "update"',
  );
}
