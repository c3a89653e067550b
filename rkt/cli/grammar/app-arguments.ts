/**
 * The grammar of `run` and `fetch`: `[flags] IMAGE [flags] [-- args [---]] IMAGE …`. An argument
 * vector flows in, the images with the flags and arguments of each flow out. What the values mean
 * is the command's business.
 *
 * @see rkt Documentation/subcommands/run.md
 */
import { Fault } from "@shared/base";
import { type Flag, FlagValues } from "./flag.ts";
import { type FlagSink, scanFlags } from "./scan-flags.ts";

/** One image of the command line. */
export interface AppArguments {
  /** As typed. */
  readonly image: string;
  readonly flags: FlagValues;
  /** What stands between `--` and `---`. */
  readonly args: readonly string[];
}

interface OpenApp {
  readonly image: string;
  readonly flags: FlagValues;
  readonly args: string[];
}

/** Where flags of the command itself and of its images go. */
export class ImageSink implements FlagSink {
  readonly apps: OpenApp[] = [];
  readonly #flags: FlagSink;

  constructor(flags: FlagSink) {
    this.#flags = flags;
  }

  find(name: string): Flag<unknown> | undefined {
    return this.#flags.find(name);
  }

  findShorthand(letter: string): Flag<unknown> | undefined {
    return this.#flags.findShorthand(letter);
  }

  take(flag: Flag<unknown>, text: string): void {
    const app = this.apps.at(-1);
    const belongsToApp = flag.perApp === true || flag.perAppOrPod === true;
    if (belongsToApp && app !== undefined) return app.flags.add(flag, text);
    if (flag.perApp === true) {
      throw new Fault("invalid", `--${flag.name} must follow an image`);
    }
    this.#flags.take(flag, text);
  }
}

/**
 * Reads images and what belongs to each from `argv[at]` on. `appArguments` allows `--`.
 * @throws {Fault} "invalid"
 */
export function parseImages(
  sink: ImageSink,
  argv: readonly string[],
  options: { readonly at: number; readonly appArguments: boolean },
): readonly AppArguments[] {
  let closed = 0;
  for (let index = options.at; index < argv.length; index++) {
    const word = argv[index] ?? "";
    if (word === "--") {
      refuseArguments(sink.apps.length, closed, options.appArguments);
      closed = sink.apps.length;
      index = takeArguments(sink.apps.at(-1), argv, index + 1);
    } else if (word !== "---") {
      const after = scanFlags(sink, argv, index);
      if (after === index) sink.apps.push({ image: word, flags: new FlagValues(), args: [] });
      else index = after - 1;
    }
  }
  return sink.apps;
}

function refuseArguments(apps: number, closed: number, allowed: boolean): void {
  if (!allowed) throw new Fault("invalid", "app arguments unsupported");
  if (apps === 0) throw new Fault("invalid", "an image is required before any app arguments");
  if (apps === closed) {
    throw new Fault("invalid", "only one set of app arguments allowed per image");
  }
}

/** Takes the words up to "---" or the end; returns the index of the last word taken. */
function takeArguments(app: OpenApp | undefined, argv: readonly string[], at: number): number {
  const end = argv.indexOf("---", at);
  const stop = end === -1 ? argv.length : end;
  app?.args.push(...argv.slice(at, stop));
  return stop;
}
