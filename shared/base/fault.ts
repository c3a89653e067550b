/**
 * The one error of the project: a kind from a closed set, a message that starts with the action, a
 * cause, and a hint for the person who reads it.
 *
 * Never carries a stack to a person: `describeFault` joins the causes with ": ".
 */

/** Why something did not work. Each wire has one table from these to its own numbers. */
export type FaultKind =
  | "invalid" // the input is wrong, whatever the state of the world
  | "not-found"
  | "already-exists"
  | "ambiguous" // a prefix that means several things
  | "precondition" // right input, wrong state: not running, still running
  | "denied" // trust, signature or permission says no
  | "corrupt" // bytes differ from what they claim to be
  | "unavailable" // the network or a peer; trying again may help
  | "timeout"
  | "exhausted" // disk, memory, addresses, a size limit
  | "unsupported" // this machine or this version lacks it
  | "canceled"
  | "expired" // what was asked for existed and is forgotten: a compacted revision
  | "missing-program" // a program or plugin that we run is not installed
  | "internal";

/** What may come with a fault. */
export interface FaultOptions {
  readonly cause?: unknown;
  /** One sentence: what the reader can do now. */
  readonly hint?: string;
  /** Facts for logs and wires. */
  readonly details?: Readonly<Record<string, string | number>>;
}

/** Every error that a person or a wire may see. Its message never holds a stack or a secret. */
export class Fault extends Error {
  readonly kind: FaultKind;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, string | number>>;

  constructor(kind: FaultKind, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Fault";
    this.kind = kind;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }

  /** Whatever was thrown, as a Fault: an errno becomes its kind, anything unknown is "internal". */
  static from(thrown: unknown): Fault {
    if (thrown instanceof Fault) return thrown;
    if (thrown instanceof Error) return fromError(thrown);
    return new Fault("internal", String(thrown));
  }
}

const KIND_OF_ERRNO: Readonly<Record<string, FaultKind>> = {
  ENOENT: "not-found",
  EEXIST: "already-exists",
  EACCES: "denied",
  EPERM: "denied",
  ENOSPC: "exhausted",
  EDQUOT: "exhausted",
  EMFILE: "exhausted",
  ENFILE: "exhausted",
  ENOMEM: "exhausted",
  ENOTDIR: "invalid",
  EISDIR: "invalid",
  EINVAL: "invalid",
  ELOOP: "invalid",
  ENAMETOOLONG: "invalid",
  EROFS: "precondition",
  EBUSY: "precondition",
  ENOSYS: "unsupported",
  EOPNOTSUPP: "unsupported",
  ECONNREFUSED: "unavailable",
  ECONNRESET: "unavailable",
  ETIMEDOUT: "timeout",
};

const WORDS_OF_ERRNO: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EEXIST: "file exists",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  ENOSPC: "no space left on device",
  EDQUOT: "disk quota exceeded",
  EMFILE: "too many open files",
  ENOTDIR: "not a directory",
  EISDIR: "is a directory",
  EINVAL: "invalid argument",
  ELOOP: "too many levels of symbolic links",
  ENAMETOOLONG: "file name too long",
  EROFS: "read-only file system",
  EBUSY: "device or resource busy",
};

/**
 * An errno name as a person reads it: `"ENOSPC"` → `no space left on device`; unknown names stay.
 */
export function errnoWords(code: string): string {
  return WORDS_OF_ERRNO[code] ?? code;
}

/** The kind of fault that an errno name means; "internal" where none is listed. */
export function errnoKind(code: string): FaultKind {
  return KIND_OF_ERRNO[code] ?? "internal";
}

function fromError(error: Error & { code?: unknown; syscall?: unknown; path?: unknown }): Fault {
  if (error.name === "AbortError") return new Fault("canceled", "canceled", { cause: undefined });
  if (typeof error.code === "string" && error.code in KIND_OF_ERRNO) {
    const action = typeof error.syscall === "string" ? error.syscall : "use";
    const path = typeof error.path === "string" ? ` ${quote(error.path)}` : "";
    return new Fault(errnoKind(error.code), `${action}${path}: ${errnoWords(error.code)}`);
  }
  return new Fault("internal", error.message || error.name, { cause: error.cause });
}

/** What others send may stand in a message: longer than this it hides what the message says. */
const WORDS_MAX = 600;

/**
 * The chain of causes on one line, outermost first, control characters made visible, each message
 * short enough to be read.
 */
export function describeFault(thrown: unknown): string {
  const parts: string[] = [];
  for (let at = firstFault(thrown); at !== undefined; at = causeOf(at)) {
    const fault = Fault.from(at);
    if (parts.at(-1) !== fault.message) parts.push(fault.message);
  }
  return parts.map((part) => shortened(visible(part.slice(0, 2 * WORDS_MAX)), part)).join(": ");
}

/** The beginning and, of the untouched message, the end, which says what was wrong. */
function shortened(shown: string, message: string): string {
  if (message.length <= WORDS_MAX && shown.length <= 2 * WORDS_MAX) return shown;
  const half = WORDS_MAX / 2;
  return `${shown.slice(0, half)} [...] ${visible(message.slice(-half)).slice(-half)}`;
}

/** The hint nearest to the origin of the fault: it knows most. */
export function hintOf(thrown: unknown): string | undefined {
  let hint: string | undefined;
  for (let at: unknown = firstFault(thrown); at instanceof Error; at = at.cause) {
    if (at instanceof Fault && at.hint !== undefined) hint = at.hint;
  }
  return hint;
}

/**
 * `using` wraps a failure of the clean-up around the failure itself; the first one is what
 * happened.
 */
function firstFault(thrown: unknown): unknown {
  return thrown instanceof SuppressedError ? firstFault(thrown.suppressed) : thrown;
}

function causeOf(thrown: unknown): unknown {
  return thrown instanceof Error ? thrown.cause : undefined;
}

/** A string as it stands in messages: in double quotes, control characters escaped. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => JSON.stringify(c).slice(1, -1));
}

/** States what we believe of our own code. A failure is our mistake and is never caught. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Fault("internal", `this is a mistake of rktnetes itself: ${message}`);
}
