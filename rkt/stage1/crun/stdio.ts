/**
 * What the standard streams of an app are connected to: annotations flow in, modes and the names of
 * endpoints flow out. Pure.
 *
 * @see rkt Documentation/devel, "Application stdio"
 */
import type { NameValue } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { type Endpoint, OUTPUT_MODES, STDIN_MODES, STDIO_ANNOTATIONS } from "../contract.ts";

export type OutputMode = (typeof OUTPUT_MODES)[number];

export interface Stdio {
  readonly stdin: (typeof STDIN_MODES)[number];
  readonly stdout: OutputMode;
  readonly stderr: OutputMode;
}

/** @param interactive what the annotations leave open is the person's own. @throws "invalid" */
export function stdioOf(annotations: readonly NameValue[], interactive: boolean): Stdio {
  const modeOf = <M extends string>(name: string, modes: readonly M[], usual: M): M => {
    const text = annotations.find((each) => each.name === name)?.value;
    if (text === undefined) return usual;
    const mode = modes.find((each) => each === text);
    if (mode !== undefined) return mode;
    throw new Fault("invalid", `annotation ${quote(name)}: ${quote(text)} is no mode`, {
      hint: `it may be ${modes.join(", ")}`,
    });
  };
  const output = interactive ? "interactive" : "log";
  return {
    stdin: modeOf(STDIO_ANNOTATIONS.stdin, STDIN_MODES, interactive ? "interactive" : "null"),
    stdout: modeOf(STDIO_ANNOTATIONS.stdout, OUTPUT_MODES, output),
    stderr: modeOf(STDIO_ANNOTATIONS.stderr, OUTPUT_MODES, output),
  };
}

/** A terminal belongs to all three streams: one that asks for it gets it for the others. */
export function hasOwnTerminal({ stdin, stdout, stderr }: Stdio): boolean {
  return [stdin, stdout, stderr].includes("tty");
}

/**
 * An app that gets all of the person's own streams, where they are a terminal, gets one of its own
 * in between: so it is told of the size, and others may look on.
 *
 * @param isOnTerminal whether the person's standard input is one
 */
export function withTerminal(stdio: Stdio, isOnTerminal: boolean): Stdio {
  const { stdin, stdout, stderr } = stdio;
  const isInteractive = [stdin, stdout, stderr].every((mode) => mode === "interactive");
  return isInteractive && isOnTerminal ? PERSONS_TERMINAL : stdio;
}

/** The person's keys go to the app until it ends. */
export const PERSONS_TERMINAL: Stdio = { stdin: "tty", stdout: "tty", stderr: "tty" };

/** What a client can attach to. What an app writes to its log can be followed, too. */
export function endpointsOf(stdio: Stdio): Endpoint[] {
  const { stdin, stdout, stderr } = stdio;
  if (hasOwnTerminal(stdio)) {
    const hasOutput = stdout === "tty" || stderr === "tty";
    return [
      ...(stdin === "tty" ? ["tty-in" as const] : []),
      ...(hasOutput ? ["tty-out" as const] : []),
    ];
  }
  const isOpen = (mode: OutputMode): boolean => mode === "log" || mode === "stream";
  return [
    ...(stdin === "stream" ? ["stdin" as const] : []),
    ...(isOpen(stdout) ? ["stdout" as const] : []),
    ...(isOpen(stderr) ? ["stderr" as const] : []),
  ];
}
