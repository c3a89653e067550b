/**
 * Aligns rows of cells by tabs as Go's text/tabwriter does with minimal width 0, tab width 8,
 * padding 1 and tabs as padding: rkt prints every table this way. Pure.
 */

const TAB = 8;

/**
 * Rows with the same number of cells as lines, each ended by a line feed; the last cell is not
 * padded.
 */
export function formatColumns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.slice(0, -1).forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, columnWidth(cell));
    });
  }
  return rows.map((row) => `${formatRow(row, widths)}\n`).join("");
}

function formatRow(row: readonly string[], widths: readonly number[]): string {
  const last = row.length - 1;
  return row.map((cell, at) => (at === last ? cell : pad(cell, widths[at] ?? TAB))).join("");
}

/** The cell and at least one space, up to the next tab stop. */
function columnWidth(cell: string): number {
  return Math.ceil((lengthOf(cell) + 1) / TAB) * TAB;
}

function pad(cell: string, width: number): string {
  return cell + "\t".repeat(Math.ceil((width - lengthOf(cell)) / TAB));
}

/** In code points, as Go counts runes: pairs of code units, which are rare, count once. */
function lengthOf(text: string): number {
  return /[\ud800-\udbff]/.test(text) ? [...text].length : text.length;
}
