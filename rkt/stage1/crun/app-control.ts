/**
 * The entrypoints `app/add`, `app/start`, `app/stop` and `app/rm`: the arguments flow in, the
 * pod's supervisor is asked, and the process ends when it has done the work. The working directory
 * is the pod's.
 */
import { parseAppArguments } from "../arguments.ts";
import type { ControlRequest } from "./control.ts";
import { askSupervisor } from "./control-socket.ts";

export async function controlApp(
  verb: ControlRequest["do"],
  argv: readonly string[],
): Promise<number> {
  const { app, graceMs } = parseAppArguments(argv);
  await askSupervisor({ do: verb, app, ...(graceMs !== undefined && { graceMs }) });
  return 0;
}
