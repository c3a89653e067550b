/**
 * `--pull-policy`: whether an image of the local store will do; and the two flags that said so
 * before it, `--store-only` and `--no-store`, which still work.
 */
import { Fault } from "@shared/base";
import { choiceFlag, type Flag, type FlagValues, switchFlag } from "../grammar/flag.ts";

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

const storeOnly = switchFlag({
  name: "store-only",
  usage: "use only available images in the store (do not discover or download from remote URLs)",
  hidden: true,
});
const noStore = switchFlag({
  name: "no-store",
  usage: "fetch images, ignoring the local store",
  hidden: true,
});

/** Beside `--pull-policy`, where that is. */
export const OLD_PULL_FLAGS: readonly Flag<boolean>[] = [noStore, storeOnly];

/** What the flags say; `note` gets a line for each old one. @throws {Fault} "invalid" for both */
export function pullPolicyOf(
  flags: FlagValues,
  policy: Flag<PullPolicy>,
  note: (line: string) => void,
): PullPolicy {
  const [update, never] = [flags.get(noStore), flags.get(storeOnly)];
  if (update) note("Flag --no-store has been deprecated, please use --pull-policy=update");
  if (never) note("Flag --store-only has been deprecated, please use --pull-policy=never");
  if (update && never) throw new Fault("invalid", "both --store-only and --no-store specified");
  if (update) return "update";
  return never ? "never" : flags.get(policy);
}
