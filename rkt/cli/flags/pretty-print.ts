/** `--pretty-print`: whether a manifest is indented. */
import { type Flag, switchFlag } from "../grammar/flag.ts";

export const prettyPrint: Flag<boolean> = switchFlag(
  { name: "pretty-print", usage: "apply indent to format the output" },
  true,
);
