/** `--stage1-…`: which stage1 runs the pod. At most one of them may be given. */
import { UsageFault } from "../grammar/usage-fault.ts";
import { type Flag, type FlagValues, optionalFlag } from "../grammar/flag.ts";
import { quote } from "@shared/base";

type Text = Flag<string | undefined>;

const asTyped = (text: string): string => text;
const stage1Flag = (name: string, usage: string): Text => optionalFlag({ name, usage }, asTyped);

const KINDS: Readonly<Record<"name" | "path" | "url" | "hash" | "directory", Text>> = {
  name: stage1Flag("stage1-name", "name of an image to use as stage1"),
  path: stage1Flag("stage1-path", "absolute or relative path to an image to use as stage1"),
  url: stage1Flag("stage1-url", "URL to an image to use as stage1"),
  hash: stage1Flag("stage1-hash", "hash of an image to use as stage1"),
  directory: stage1Flag(
    "stage1-from-dir",
    "filename of an image in stage1 images directory to use as stage1",
  ),
};

export const STAGE1_FLAGS: readonly Flag<unknown>[] = Object.values(KINDS);

/** How a person named a stage1, as typed. */
export interface Stage1Choice {
  readonly kind: keyof typeof KINDS;
  readonly text: string;
}

/** Undefined where the person leaves it to us. @throws {UsageFault} for two of the flags */
export function stage1ChoiceOf(flags: FlagValues): Stage1Choice | undefined {
  const given = (Object.keys(KINDS) as (keyof typeof KINDS)[]).filter((kind) =>
    flags.given(KINDS[kind]),
  );
  const [kind, other] = given;
  if (kind === undefined) return undefined;
  if (other !== undefined) throw bothGiven(KINDS[kind], KINDS[other], flags);
  return { kind, text: flags.get(KINDS[kind]) ?? "" };
}

function bothGiven(first: Text, second: Text, flags: FlagValues): UsageFault {
  const text = flags.get(second) ?? "";
  return new UsageFault(
    "invalid",
    `invalid argument ${quote(text)} for --${second.name}=${text}: ` +
      `flags --${second.name} and --${first.name} are mutually exclusive`,
  );
}
