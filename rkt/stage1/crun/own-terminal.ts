/**
 * The terminal of the person who called, lent to an app: raw while it is, its size told whenever it
 * changes, and put back on every way out but SIGKILL.
 */
import process from "node:process";
import { makeRaw, type TerminalSize, terminalSize } from "@shared/linux";

/** Standard input must be a terminal. Disposing takes it back. */
export function lendTerminal(resize: (size: TerminalSize) => void): Disposable {
  let raw = makeRaw(0);
  const restore = (): void => raw[Symbol.dispose]();
  const tell = (): void => {
    const size = terminalSize(0);
    if (size !== undefined) resize(size);
  };
  // Somebody stops this process: the shell gets its terminal back, and gives it again later.
  const pause = (): void => {
    restore();
    process.kill(process.pid, "SIGSTOP");
  };
  const goOn = (): void => {
    raw = makeRaw(0);
    tell();
  };
  process.on("SIGWINCH", tell).on("SIGTSTP", pause).on("SIGCONT", goOn).on("exit", restore);
  return {
    [Symbol.dispose]: () => {
      process.off("SIGWINCH", tell).off("SIGTSTP", pause).off("SIGCONT", goOn).off("exit", restore);
      restore();
    },
  };
}
