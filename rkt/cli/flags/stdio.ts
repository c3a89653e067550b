/**
 * The flags that say what an app's standard streams are connected to: modes flow in, annotations of
 * the app flow out, which stage1 reads.
 *
 * @see rkt Documentation/subcommands/run.md, "Options"
 */
import type { NameValue } from "@rkt/spec";
import { OUTPUT_MODES, STDIN_MODES, STDIO_ANNOTATIONS } from "@rkt/stage1/contract";
import { Fault, quote } from "@shared/base";
import { type Flag, type FlagValues, optionalFlag, switchFlag } from "../grammar/flag.ts";
import { detach, interactive } from "./pod.ts";

const stdin = modeFlag("stdin", STDIN_MODES);
const stdout = modeFlag("stdout", OUTPUT_MODES);
const stderr = modeFlag("stderr", OUTPUT_MODES);

/** They stand behind an image. */
export const STDIO_FLAGS: readonly Flag<unknown>[] = [stdin, stdout, stderr];

/** For all apps of the pod. */
export const tty: Flag<boolean> = {
  ...switchFlag({ name: "tty", usage: "give each app a terminal of its own" }),
  shorthand: "t",
};

/** What an image's own flags say, else what the pod's say. */
export function stdioAnnotations(ofApp: FlagValues, ofPod: FlagValues): readonly NameValue[] {
  const usual = usualModes(ofPod);
  const chosen = [
    [STDIO_ANNOTATIONS.stdin, ofApp.get(stdin) ?? usual.stdin],
    [STDIO_ANNOTATIONS.stdout, ofApp.get(stdout) ?? usual.output],
    [STDIO_ANNOTATIONS.stderr, ofApp.get(stderr) ?? usual.output],
  ] as const;
  return chosen.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
}

/**
 * Whoever runs a pod interactively on a terminal gives it that one; in the background an app waits
 * for somebody who attaches.
 */
function usualModes(flags: FlagValues): { readonly stdin?: string; readonly output?: string } {
  const isInteractive = flags.get(interactive);
  if (flags.get(tty)) return isInteractive && !flags.get(detach) ? {} : TERMINAL;
  return isInteractive && flags.get(detach) ? { stdin: "stream" } : {};
}

const TERMINAL = { stdin: "tty", output: "tty" };

function modeFlag(
  name: "stdin" | "stdout" | "stderr",
  modes: readonly string[],
): Flag<string | undefined> {
  const usage = `what the app's ${name} is connected to: ${modes.join(", ")}`;
  return optionalFlag({ name, usage, perApp: true }, (text) => {
    if (modes.includes(text)) return text;
    throw new Fault("invalid", `${quote(text)} is not one of ${modes.join(", ")}`);
  });
}
