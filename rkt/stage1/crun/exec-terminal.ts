/**
 * A program that is started inside a running app on a terminal of its own, which the person's
 * terminal is lent to: keys flow in, what the program writes flows out, and its exit status.
 */
import { closeSync } from "node:fs";
import { systemClock } from "@shared/base";
import { expectTerminal } from "./app-terminal.ts";
import { AppStreams } from "./app-streams.ts";
import { connectPerson, hasExited, ownStream, statusOf } from "./connect-app.ts";
import { copyOutput } from "./output.ts";

/**
 * @param command the words that start the program, given the socket to which its terminal is handed
 * over
 */
export async function execOnTerminal(command: (socket: string) => string[]): Promise<number> {
  using expected = expectTerminal(systemClock);
  const child = Bun.spawn(command(expected.socket), { stdio: ["ignore", "ignore", "inherit"] });
  const terminal = await expected.receive(() => hasExited(child));
  if (terminal !== undefined) {
    const streams = new AppStreams(systemClock, ["tty-in", "tty-out"]);
    try {
      streams.setTerminal(terminal);
      using _person = connectPerson(streams);
      const out = ownStream(systemClock, "stdout");
      await copyOutput(terminal, { stream: "stdout", log: NO_LOG, streams, out, prefix: "" });
    } finally {
      streams.dropTerminal();
      closeSync(terminal);
    }
  }
  await child.exited;
  return statusOf(child);
}

const NO_LOG = { add: (): void => undefined };
