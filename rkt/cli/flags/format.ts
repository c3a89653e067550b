/** `--format`, `--full`, `--no-legend`: how tables are written. */
import { type Flag, choiceFlag, switchFlag } from "../grammar/flag.ts";

/** Empty means the table, or the key and value pairs, for people. */
export type Format = "" | "json" | "json-pretty";

/** The flag, with the words in which the command's help describes it. */
export function formatFlag(usage: string): Flag<Format> {
  return choiceFlag(
    { name: "format", usage, shown: "" },
    ["", "json", "json-pretty"],
    "",
    (text) => `Invalid format option: ${text}`,
  );
}

export const TABLE_FORMAT_USAGE =
  "choose the output format, 'json' or 'json-pretty'. If empty, the result is printed as a table";

export const full: Flag<boolean> = switchFlag({ name: "full", usage: "use long output format" });

export const noLegend: Flag<boolean> = switchFlag({
  name: "no-legend",
  usage: "suppress a legend with the list",
});
