/** The image store as commands open it: below `--dir`, with a fault that names the action. */
import { makeRoom, openStore, type Store } from "@rkt/image";
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
    const { kind } = Fault.from(error);
    const hint = "run it as root or as a member of group rkt, to which root gives the store";
    throw new Fault(kind, "cannot open store", {
      cause: error,
      ...(kind === "denied" && { hint }),
    });
  }
}

/** For a collector: where the disk is full it first makes the room that opening takes. */
export async function openStoreForRoom(host: Pick<Host, "clock">, call: Call): Promise<Store> {
  try {
    return openStoreOf(host, call);
  } catch (error) {
    if (Fault.from(error).kind !== "exhausted") throw error;
    await makeRoom({ kernel, clock: host.clock }, call.flags.get(dir));
    return openStoreOf(host, call);
  }
}
