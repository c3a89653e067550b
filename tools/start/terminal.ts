/**
 * The demonstration's voice: a heading per step, every command shown as it could be typed, what it
 * says indented below. Runs the commands too; a command that fails ends the demonstration with its
 * own words.
 */

const plain = !Bun.enableANSIColors; // no terminal, or NO_COLOR

function styled(code: number, text: string): string {
  return plain ? text : `\u001b[${code}m${text}\u001b[0m`;
}

const bold = (text: string): string => styled(1, text);
const dim = (text: string): string => styled(2, text);

/** One sentence before what it is about. */
export function say(sentence: string): void {
  process.stdout.write(`\n${bold(sentence)}\n`);
}

/** Lines that a person may copy. */
export function show(...lines: string[]): void {
  for (const line of lines) process.stdout.write(`  ${line}\n`);
}

/**
 * Shows a command as `$ <shown>`, runs `argv`, and passes on what it writes, line by line as it
 * comes. Throws when it does not end with status 0.
 */
export async function command(shown: string, argv: readonly string[]): Promise<void> {
  process.stdout.write(`  ${dim("$")} ${shown}\n`);
  const child = Bun.spawn([...argv], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  await Promise.all([passOn(child.stdout), passOn(child.stderr), child.exited]);
  if (child.exitCode === 0) return;
  throw new Error(`${shown}: ended with ${child.signalCode ?? `status ${child.exitCode}`}`);
}

async function passOn(stream: ReadableStream<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) process.stdout.write(`    ${line}\n`);
  }
  if (rest !== "") process.stdout.write(`    ${rest}\n`);
}
