/**
 * What a flag is: its name, how help shows it, and how its text becomes a value. The readers of the
 * plain kinds are here. Pure: nothing here looks at the machine.
 */
import { Fault, parseDuration, quote } from "@shared/base";

/** One flag of the command line, with the type that its text becomes. */
export interface Flag<T> {
  readonly name: string;
  /** One letter that stands for the name after a single "-". */
  readonly shorthand?: string;
  readonly usage: string;
  /** The default as help shows it, after "=". */
  readonly shown: string;
  /** What the flag means when no value stands beside it; without it a value must follow. */
  readonly bare?: string;
  /** Works, but help does not show it. */
  readonly hidden?: boolean;
  /** Belongs to the image before it, and is refused where there is none. */
  readonly perApp?: boolean;
  /** Belongs to the image before it, or to all apps when there is none yet. */
  readonly perAppOrPod?: boolean;
  readonly initial: T;
  /** Reads one more value. @throws {Fault} "invalid" */
  read(text: string, previous: T): T;
}

/** The words about a flag that all constructors take. */
export interface FlagWords {
  readonly name: string;
  readonly usage: string;
  readonly hidden?: boolean;
  readonly perApp?: boolean;
  readonly perAppOrPod?: boolean;
}

const TRUE = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE = new Set(["0", "f", "F", "FALSE", "false", "False"]);

/** Reads the words of Go's strconv.ParseBool. @throws {Fault} "invalid" */
export function readBoolean(text: string): boolean {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw new Fault("invalid", `strconv.ParseBool: parsing ${quote(text)}: invalid syntax`);
}

/** A switch: `--full`, `--full=false`. */
export function switchFlag(words: FlagWords, initial: boolean = false): Flag<boolean> {
  return { ...words, shown: String(initial), bare: "true", initial, read: readBoolean };
}

/** A text, shown in quotes by help; empty means that it was not given. */
export function textFlag(words: FlagWords, initial: string = ""): Flag<string> {
  return { ...words, shown: quote(initial), initial, read: (text) => text };
}

/** A text whose help shows the default without quotes. */
export function plainFlag(words: FlagWords, initial: string = ""): Flag<string> {
  return { ...words, shown: initial, initial, read: (text) => text };
}

/** A text that must be one of `choices`; `complain` words the refusal. */
export function choiceFlag<C extends string>(
  words: FlagWords & { readonly shown: string },
  choices: readonly C[],
  initial: C,
  complain: (text: string) => string,
): Flag<C> {
  const read = (text: string): C => {
    const choice = choices.find((each) => each === text);
    if (choice === undefined) throw new Fault("invalid", complain(text));
    return choice;
  };
  return { ...words, initial, read };
}

/** A span of time in ms, written as Go writes it. `shown` is the default in that form. */
export function durationFlag(words: FlagWords, shown: string): Flag<number> {
  return { ...words, shown, initial: parseDuration(shown), read: (text) => parseDuration(text) };
}

/** A flag that may be given several times; every text is read by `readOne`. */
export function listFlag<T>(
  words: FlagWords,
  readOne: (text: string, before: readonly T[]) => T,
): Flag<readonly T[]> {
  return {
    ...words,
    shown: "",
    initial: [],
    read: (text, before) => [...before, readOne(text, before)],
  };
}

/** A flag that is absent unless given; a later one replaces an earlier one. */
export function optionalFlag<T>(
  words: FlagWords,
  readOne: (text: string) => T,
): Flag<T | undefined> {
  return { ...words, shown: "", initial: undefined, read: readOne };
}

/** The values that a command line gave to its flags. */
export class FlagValues {
  readonly #values = new Map<Flag<unknown>, unknown>();

  /** The value given, or the flag's initial one. */
  get<T>(flag: Flag<T>): T {
    return this.given(flag) ? (this.#values.get(flag) as T) : flag.initial;
  }

  given(flag: Flag<unknown>): boolean {
    return this.#values.has(flag);
  }

  /** Takes over what others were given, in place of what this one was. */
  overwrite(others: FlagValues): void {
    for (const [flag, value] of others.#values) this.#values.set(flag, value);
  }

  /** Takes one more text for the flag. @throws {Fault} "invalid" */
  add(flag: Flag<unknown>, text: string): void {
    this.#values.set(flag, flag.read(text, this.get(flag)));
  }
}
