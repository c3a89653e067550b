/** The image store as commands open it: below `--dir`, with a fault that names the action. */
import { openStore, type Store } from "@rkt/image";
import { Fault } from "@shared/base";
import { kernel } from "@shared/linux";
import { dir } from "../flags/global.ts";
import type { Call } from "../grammar/command.ts";
import type { Host } from "../host.ts";

/** @throws {Fault} "cannot open store: …" */
export function openStoreOf(host: Pick<Host, "clock">, call: Call): Store {
  try {
    return openStore({ kernel, clock: host.clock }, call.flags.get(dir));
  } catch (error) {
    throw new Fault(Fault.from(error).kind, "cannot open store", { cause: error });
  }
}
