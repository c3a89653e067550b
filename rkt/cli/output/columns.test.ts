import { expect, test } from "bun:test";
import { formatColumns } from "./columns.ts";

const CASES: readonly [why: string, rows: string[][], text: string][] = [
  ["no rows are no lines", [], ""],
  ["one cell is not padded", [["ID"], ["sha512-2c98fff807f4"]], "ID\nsha512-2c98fff807f4\n"],
  [
    "the legend of an empty list has one tab between titles shorter than a tab stop",
    [["UUID", "APP", "IMAGE NAME", "STATE"]],
    "UUID\tAPP\tIMAGE NAME\tSTATE\n",
  ],
  [
    "a cell as wide as a tab stop gets the next one; short cells get as many tabs as they need",
    [
      ["UUID", "APP", "STATE", ""],
      ["UUID0001", "-", "aborted prepare", ""],
    ],
    "UUID\t\tAPP\tSTATE\t\t\nUUID0001\t-\taborted prepare\t\n",
  ],
  [
    "a column of empty cells is one tab wide",
    [
      ["a", "", "b"],
      ["c", "", "d"],
    ],
    "a\t\tb\nc\t\td\n",
  ],
  [
    "width counts code points, not UTF-16 units",
    [
      ["😀😀😀😀😀😀😀", "x"],
      ["a", "y"],
    ],
    "😀😀😀😀😀😀😀\tx\na\ty\n",
  ],
];

for (const [why, rows, text] of CASES) {
  test(why, () => expect(formatColumns(rows)).toBe(text));
}
