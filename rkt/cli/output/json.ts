/** Results as JSON, in the two layouts of rkt. */

/** One line, or an indented document, with a line feed at the end. */
export function formatJson(value: unknown, format: "json" | "json-pretty"): string {
  return `${JSON.stringify(value, undefined, format === "json" ? undefined : "\t")}\n`;
}
