/** `rkt version`: what this program is made of, in the five lines of rkt. */
import process from "node:process";
import { APPC_VERSION } from "@rkt/spec/appc";
import type { Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { VERSION } from "../version.ts";

export const version: Command = {
  usage: "version",
  description: ["Prints the version of rkt, and what it was built with."],
  flags: [],
  grammar: "anywhere",
  run: printVersion,
};

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64" };

function printVersion(host: Host): number {
  host.print(
    [
      `rkt Version: ${VERSION}`,
      `appc Version: ${APPC_VERSION}`,
      `Bun Version: ${Bun.version}`,
      `Bun OS/Arch: ${process.platform}/${ARCHITECTURES[process.arch] ?? process.arch}`,
      "Features: -TPM -SDJOURNAL",
      "",
    ].join("\n"),
  );
  return 0;
}
