/**
 * Words that must not occur, each with where it may and what to write instead. Data only.
 *
 * "code" looks at code without strings and comments, "imports" at specifiers, "text" at everything.
 */
export interface Ban {
  readonly in: "code" | "imports" | "text";
  readonly pattern: RegExp;
  readonly allowedIn?: RegExp;
  readonly instead: string;
}

/** The clock itself, and what drives the program from outside, on a real machine in real time. */
const TIME = /^(e2e|bench|tools|shared\/base)\//;
/** Where a process begins: what it is told by the system is read there and handed on. */
const ENTRIES = new RegExp(
  [
    "^(e2e|bench|tools|app|rkt/cli|rktnetes/cli|rkt/stage1)/",
    "^shared/base/crash-point\\.ts$",
    "(\\.test|/testing)\\.ts$",
  ].join("|"),
);

export const BANS: readonly Ban[] = [
  {
    in: "code",
    pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bBun\.nanoseconds\(/,
    allowedIn: TIME,
    instead: "take a Clock: host.clock.now()",
  },
  {
    in: "code",
    pattern: /\bMath\.random\(/,
    allowedIn: TIME,
    instead: "take it as a parameter: host.random()",
  },
  {
    in: "code",
    pattern: /\b(process|Bun)\.(env|argv0?)\b/,
    allowedIn: ENTRIES,
    instead: "read it where the process begins and pass it on",
  },
  {
    in: "imports",
    pattern: /^bun:ffi$/,
    allowedIn: /^shared\/linux\//,
    instead: "call the kernel through @shared/linux",
  },
  {
    in: "imports",
    pattern: /(^|\/)\.\.\/(rkt|rktnetes|shared|app)\//,
    instead: "import the package by its name and list it in package.json",
  },
  {
    in: "imports",
    pattern: /^\.{1,2}\/.*(?<!\.(ts|json|txt))$/,
    instead: "write the file with its .ts",
  },
  {
    in: "code",
    pattern: /\bas any\b|: any\b|<any>/,
    instead: "write unknown, and check it at the door",
  },
  {
    in: "code",
    pattern: /\b(test|it|describe)\.(only|todo)\(/,
    instead: "run all tests, and write those that are missing",
  },
  {
    in: "text",
    pattern: new RegExp(["\\b(TO", "DO|FIX", "ME|X", "XX|HA", "CK)\\b"].join("")),
    instead: "do it now, or open an issue",
  },
  {
    in: "text",
    pattern: /\bshared\/(data|design|reference|seeds)\b|(^|[\s"'`(=])\/work\//,
    allowedIn: /^tools\/tidy\/rules\/banned-words\.test\.ts$/,
    instead: "name nothing outside of this repository; copy what is needed into fixtures",
  },
];
