/**
 * A person at a terminal: a real pseudo-terminal with a program inside the test machine on it. What
 * is typed flows in, what the screen would show flows out.
 */
import { eventually } from "./background.ts";
import type { Machine } from "./machine.ts";

export interface TerminalSession extends AsyncDisposable {
  /** Types these characters; control characters are as a keyboard sends them. */
  type(text: string): void;
  resize(columns: number, rows: number): void;
  /** All that was shown so far. */
  shown(): string;
  /** Waits until what was shown after the last such wait matches, and returns the match. */
  expect(pattern: RegExp): Promise<RegExpExecArray>;
  /** Exit status, or 128 + signal. */
  readonly exited: Promise<number>;
}

export const CTRL_C = "\x03";
export const CTRL_Z = "\x1a";
export const DETACH_KEYS = "\x10\x11";

/** Starts `argv` inside the machine on a terminal of 80 columns and 24 rows. */
export function startOnTerminal(machine: Machine, argv: readonly string[]): TerminalSession {
  let text = "";
  let seen = 0;
  const decoder = new TextDecoder();
  const child = Bun.spawn([...machine.inside, ...argv], {
    env: {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      TERM: "xterm",
      LC_ALL: "C.UTF-8",
    },
    terminal: {
      cols: 80,
      rows: 24,
      data: (_terminal, bytes) => {
        text += decoder.decode(bytes, { stream: true });
      },
    },
  });
  const { terminal } = child;
  if (terminal === undefined) throw new Error("the program has no terminal");
  return {
    type: (keys) => void terminal.write(keys),
    resize: (columns, rows) => terminal.resize(columns, rows),
    shown: () => text,
    exited: child.exited,
    expect: async (pattern) => {
      const found = (): RegExpExecArray | undefined => pattern.exec(text.slice(seen)) ?? undefined;
      try {
        const match = await eventually(`the terminal shows ${pattern}`, async () => {
          await Bun.sleep(0);
          return found();
        });
        seen += match.index + match[0].length;
        return match;
      } catch (error) {
        throw new Error(`${String(error)}; it shows ${JSON.stringify(text.slice(seen))}`, {
          cause: error,
        });
      }
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await child.exited;
      terminal.close();
    },
  };
}
