/**
 * A fault as lines on standard error: one line for people, the tree of its causes with `--debug`,
 * and the hint.
 */
import { describeFault, Fault, hintOf } from "@shared/base";
import type { Host } from "../host.ts";

/**
 * Prints `<name>: <chain>` or, in debug, the chain as a tree; then `hint: …` where there is one.
 */
export function printFault(
  host: Pick<Host, "note">,
  error: unknown,
  options: { readonly name: string; readonly debug: boolean },
): void {
  const lines = options.debug ? treeOf(error) : [describeFault(error)];
  lines.forEach((line, depth) => {
    const branch = `${"  ".repeat(depth)}└─`;
    host.note(depth === 0 ? `${options.name}: ${line}` : branch + line);
  });
  const hint = hintOf(error);
  if (hint !== undefined) host.note(`hint: ${hint}`);
}

function treeOf(error: unknown): string[] {
  const lines: string[] = [];
  for (let at = error; at !== undefined; at = at instanceof Error ? at.cause : undefined) {
    if (at instanceof SuppressedError) at = at.suppressed;
    const line = Fault.from(at).message;
    if (line !== lines.at(-1)) lines.push(line);
  }
  return lines;
}
