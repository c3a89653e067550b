/** `--uuid-file`, and the one pod or the several pods that a command line names. */
import { readFileSync } from "node:fs";
import { Fault } from "@shared/base";
import type { Call } from "../grammar/command.ts";
import { type Flag, textFlag } from "../grammar/flag.ts";

export const uuidFile: Flag<string> = textFlag({
  name: "uuid-file",
  usage: "read pod UUID from file instead of argument",
});

/**
 * The UUIDs, or beginnings of UUIDs, that a call names: by arguments or by one file, never by both.
 * Undefined means that the call is wrong and help should answer it. @throws {Fault} when the file
 * cannot be read
 */
export function uuidsOf(call: Call): readonly string[] | undefined {
  const file = call.flags.get(uuidFile);
  if (file === "") return call.args.length === 0 ? undefined : call.args;
  return call.args.length === 0 ? [readUuid(file)] : undefined;
}

/** As `uuidsOf`, for commands that take exactly one pod. */
export function uuidOf(call: Call): string | undefined {
  const uuids = uuidsOf(call);
  return uuids?.length === 1 ? uuids[0] : undefined;
}

function readUuid(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new Fault(Fault.from(cause).kind, "unable to resolve UUID from file", { cause });
  }
}
