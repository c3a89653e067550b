/**
 * The terminal of an app: the runtime makes it inside the app's own /dev/pts and hands it over. The
 * path of the socket goes to the runtime, the terminal comes back.
 */
import { closeSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { Clock } from "@shared/base";
import { listenForTerminal, receiveTerminal } from "@shared/linux";

const POLL_MS = 2;

export interface ExpectedTerminal extends Disposable {
  /** For `--console-socket`. */
  readonly socket: string;
  /** The terminal, to be closed by the caller; undefined where `isOver` says so before it comes. */
  receive(isOver: () => boolean): Promise<number | undefined>;
}

let expected = 0;

/** The working directory is the pod's: names in it are short enough for a socket. */
export function expectTerminal(clock: Clock): ExpectedTerminal {
  const name = `console-${process.pid}-${++expected}`;
  const socket = join(`/proc/${process.pid}/cwd`, name);
  const listener = listenForTerminal(name);
  return {
    socket,
    receive: async (isOver) => {
      for (;;) {
        const isLast = isOver();
        const terminal = receiveTerminal(listener);
        if (terminal !== undefined || isLast) return terminal;
        await clock.sleep(POLL_MS);
      }
    },
    [Symbol.dispose]: () => {
      closeSync(listener);
      rmSync(name, { force: true });
    },
  };
}
