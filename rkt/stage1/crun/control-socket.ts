/**
 * The two ends of the control socket: requests of many callers flow into one handler; one request
 * of a caller flows in and its answer comes back.
 */
import { chmodSync } from "node:fs";
import { Fault } from "@shared/base";
import {
  controlSocket,
  type ControlRequest,
  LINE_BYTES_MAX,
  parseAnswer,
  parseRequest,
  printAnswer,
  printRequest,
} from "./control.ts";

/**
 * Answers requests until it is disposed. The working directory is the pod's: the path of a socket
 * may be no longer than 107 bytes.
 */
export function serveControl(handle: (request: ControlRequest) => Promise<void>): Disposable {
  const server = Bun.listen<{ text: string }>({
    unix: controlSocket("."),
    socket: {
      open: (socket) => {
        socket.data = { text: "" };
      },
      data: (socket, bytes) => {
        const { data } = socket;
        if (data.text.includes("\n")) return; // one request for each connection
        data.text += bytes.toString();
        const end = data.text.indexOf("\n");
        if (end === -1 && data.text.length <= LINE_BYTES_MAX) return;
        void answer(data.text.slice(0, end), handle).then((text) => socket.end(text));
      },
    },
  });
  chmodSync(controlSocket("."), 0o600);
  return { [Symbol.dispose]: () => server.stop(true) };
}

async function answer(
  line: string,
  handle: (request: ControlRequest) => Promise<void>,
): Promise<string> {
  try {
    await handle(parseRequest(line));
    return printAnswer();
  } catch (error) {
    return printAnswer(Fault.from(error));
  }
}

/**
 * Asks the supervisor whose pod directory is the working directory, and waits for the work to be
 * done.
 *
 * @throws {Fault} what the supervisor met; "precondition" where there is none, or it ended
 * meanwhile
 */
export async function askSupervisor(request: ControlRequest): Promise<void> {
  const answered = Promise.withResolvers<string>();
  let text = "";
  try {
    await Bun.connect({
      unix: controlSocket("."),
      socket: {
        open: (socket) => void socket.write(printRequest(request)),
        data: (_socket, bytes) => void (text += bytes.toString()),
        close: () => answered.resolve(text),
        error: () => answered.resolve(text),
      },
    });
  } catch (cause) {
    throw new Fault("precondition", "reach the pod's supervisor", { cause });
  }
  const line = await answered.promise;
  if (!line.endsWith("\n")) {
    throw new Fault("precondition", "the pod ended before the work was done");
  }
  parseAnswer(line);
}
