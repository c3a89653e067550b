/** `rkt completion`: the commands of the program flow in, a shell's completion code flows out. */
import { Fault } from "@shared/base";
import type { Call, Command, CommandEntry } from "../grammar/command.ts";
import { describeCommands } from "../grammar/described-command.ts";
import type { Host } from "../host.ts";
import { completionScript, SHELLS } from "../output/completion.ts";

export const completion: Command = {
  usage: "completion SHELL",
  description: [
    `Prints completion code for a shell: ${SHELLS.join(", ")}. To have it in every shell:`,
    "",
    "\trkt completion bash > /usr/share/bash-completion/completions/rkt",
    "\trkt completion zsh > /usr/share/zsh/site-functions/_rkt.zsh  # and source it in .zshrc",
    "\trkt completion fish > /usr/share/fish/vendor_completions.d/rkt.fish",
    "",
    "Or in this one:",
    "",
    "\tsource <(rkt completion bash)",
  ],
  flags: [],
  grammar: "anywhere",
  run: printCompletion,
};

async function printCompletion(
  host: Host,
  call: Call,
  commands: readonly CommandEntry[],
): Promise<number> {
  const [name, more] = call.args;
  if (name === undefined) throw new Fault("invalid", "shell type is not specified");
  if (more !== undefined) {
    throw new Fault("invalid", "too many arguments, only shell type is expected");
  }
  const shell = SHELLS.find((each) => each === name);
  if (shell === undefined) throw new Fault("invalid", `'${name}' shell is not supported`);
  host.print(completionScript(shell, await describeCommands(commands)));
  return 0;
}
