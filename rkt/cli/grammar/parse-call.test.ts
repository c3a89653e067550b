import { describe, expect, test } from "bun:test";
import { describeFault, Fault } from "@shared/base";
import { debug, dir, insecureOptions } from "../flags/global.ts";
import type { Command } from "./command.ts";
import { durationFlag, listFlag, optionalFlag, plainFlag, switchFlag, textFlag } from "./flag.ts";
import { parseCall, parseGlobal } from "./parse-call.ts";
import { UsageFault } from "./usage-fault.ts";

const full = { ...switchFlag({ name: "full", usage: "" }), shorthand: "f" };
const quiet = { ...switchFlag({ name: "quiet", usage: "" }), shorthand: "q" };
const name = { ...textFlag({ name: "name", usage: "" }), shorthand: "n" };
const grace = durationFlag({ name: "grace", usage: "" }, "30m0s");
const net = { ...plainFlag({ name: "net", usage: "" }, "default"), bare: "default" };
const exec = optionalFlag({ name: "exec", usage: "", perApp: true }, (text) => text);
const mount = listFlag({ name: "mount", usage: "", perAppOrPod: true }, (text) => text);

function command(grammar: Command["grammar"], appArguments: boolean): Command {
  const flags = [full, quiet, name, grace, net, exec, mount];
  return { usage: "x", description: [], flags, grammar, appArguments, run: () => 0 };
}

function parse(argv: readonly string[], grammar: Command["grammar"] = "anywhere") {
  const parsed = parseCall("x", command(grammar, true), argv);
  if (parsed === "help") throw new Error("help was asked for");
  return parsed.call;
}

function faultOf(work: () => unknown): Fault {
  try {
    work();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("no fault");
}

describe("spellings of flags", () => {
  const spellings: readonly [why: string, argv: string[], values: object][] = [
    ["nothing given: initial values", [], { full: false, name: "", grace: 1_800_000 }],
    ["a switch alone", ["--full"], { full: true }],
    ["a switch with a value", ["--full=false"], { full: false }],
    ["a switch takes no following word", ["--full", "a"], { full: true, args: ["a"] }],
    ["a later value wins", ["--name=a", "--name=b"], { name: "b" }],
    ["a value after =", ["--name=a=b"], { name: "a=b" }],
    ["an empty value", ["--name="], { name: "" }],
    ["a value in the next word", ["--name", "a", "b"], { name: "a", args: ["b"] }],
    ["a value that looks like a flag", ["--name", "--full"], { name: "--full", full: false }],
    ["a value with a line feed", ["--name=a\nb"], { name: "a\nb" }],
    ["an optional value is taken after = only", ["--net", "a"], { net: "default", args: ["a"] }],
    ["an optional value", ["--net=a"], { net: "a" }],
    ["a duration", ["--grace=1h30m"], { grace: 5_400_000 }],
    ["letters in one word", ["-fq"], { full: true, quiet: true }],
    ["a letter with its value", ["-na"], { name: "a" }],
    ["a letter with = and its value", ["-n=a"], { name: "a" }],
    ["letters, the last with the next word", ["-fn", "a"], { full: true, name: "a" }],
    ["flags after arguments", ["a", "--full", "b"], { full: true, args: ["a", "b"] }],
    ["-- ends the flags", ["a", "--", "--full"], { full: false, args: ["a", "--full"] }],
    ["a lone - is an argument", ["-"], { args: ["-"] }],
    ["an empty word is an argument", [""], { args: [""] }],
    ["global flags are flags of every command", ["--debug", "a"], { debug: true, args: ["a"] }],
    ["a directory becomes absolute", ["--dir=/a/../b"], { dir: "/b" }],
  ];
  for (const [why, argv, values] of spellings) {
    test(why, () => {
      const { flags, args } = parse(argv);
      const seen = {
        full: flags.get(full),
        quiet: flags.get(quiet),
        name: flags.get(name),
        grace: flags.get(grace),
        net: flags.get(net),
        debug: flags.get(debug),
        dir: flags.get(dir),
        args,
      };
      expect(seen).toMatchObject(values);
    });
  }

  test("the first argument ends the flags where the grammar says so", () => {
    const { flags, args } = parse(["--full", "a", "--quiet", "--", "b"], "first");
    expect([flags.get(full), flags.get(quiet)]).toEqual([true, false]);
    expect(args).toEqual(["a", "--quiet", "--", "b"]);
  });

  for (const argv of [["-h"], ["--help"], ["a", "--help"], ["--help=true"]]) {
    test(`${argv.join(" ")} asks for help`, () => {
      expect(parseCall("x", command("anywhere", true), argv)).toBe("help");
    });
  }
});

describe("words for what is wrong, as rkt prints them", () => {
  const wrong: readonly [argv: string[], message: string][] = [
    [["--nothing"], "unknown flag: --nothing"],
    [["--nothing=1"], "unknown flag: --nothing"],
    [["-x"], "unknown shorthand flag: 'x' in -x"],
    [["-fx"], "unknown shorthand flag: 'x' in -x"],
    [["--name"], "flag needs an argument: --name"],
    [["-n"], "flag needs an argument: 'n' in -n"],
    [["---"], "bad flag syntax: ---"],
    [["--=a"], "bad flag syntax: --=a"],
    [
      ["--full=maybe"],
      'invalid argument "maybe" for --full=maybe: ' +
        'strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    [["--grace=soon"], 'invalid argument "soon" for --grace=soon: time: invalid duration "soon"'],
    [["--dir="], 'invalid argument "" for --dir=: "" is not a valid directory'],
    [
      ["--insecure-options", "list"],
      'invalid argument "list" for --insecure-options: unknown option "list"',
    ],
    [
      ["--insecure-options=image,nothing"],
      'invalid argument "image,nothing" for --insecure-options=image,nothing: ' +
        'unknown option "nothing"',
    ],
    [
      ["--exec=/bin/echo"],
      'invalid argument "/bin/echo" for --exec=/bin/echo: --exec must follow an image',
    ],
  ];
  for (const [argv, message] of wrong) {
    test(argv.join(" "), () => {
      const fault = faultOf(() => parse(argv, "images"));
      expect(fault).toBeInstanceOf(UsageFault);
      expect(describeFault(fault)).toBe(message);
    });
  }
});

describe("insecure options", () => {
  const meanings: readonly [text: string, means: string[]][] = [
    ["", []],
    ["none", []],
    ["image", ["image"]],
    ["image,http", ["http", "image"]],
    ["all-fetch", ["http", "image", "pubkey", "tls"]],
    ["all-run", ["capabilities", "paths", "seccomp"]],
    ["all", ["capabilities", "http", "image", "ondisk", "paths", "pubkey", "seccomp", "tls"]],
  ];
  for (const [text, means] of meanings) {
    test(JSON.stringify(text), () => {
      const { flags } = parse([`--insecure-options=${text}`]);
      expect([...flags.get(insecureOptions)].sort()).toEqual(means as never);
    });
  }
});

describe("images and what belongs to each", () => {
  interface Seen {
    readonly image: string;
    readonly exec?: string;
    readonly mount?: readonly string[];
    readonly args?: readonly string[];
  }

  const lines: readonly [why: string, line: string, apps: Seen[]][] = [
    ["nothing", "", []],
    ["one image", "a", [{ image: "a" }]],
    ["two images", "a b", [{ image: "a" }, { image: "b" }]],
    ["flags of an image", "a --exec=x b", [{ image: "a", exec: "x" }, { image: "b" }]],
    ["a value in the next word", "a --exec x b", [{ image: "a", exec: "x" }, { image: "b" }]],
    ["arguments to the end", "a -- b --exec", [{ image: "a", args: ["b", "--exec"] }]],
    [
      "--- ends the arguments",
      "a --exec=x -- 1 2 --- b -- 3",
      [
        { image: "a", exec: "x", args: ["1", "2"] },
        { image: "b", args: ["3"] },
      ],
    ],
    ["no arguments between -- and ---", "a -- --- b", [{ image: "a" }, { image: "b" }]],
    ["a second -- is an argument", "a -- x -- y", [{ image: "a", args: ["x", "--", "y"] }]],
    ["--- after an image is ignored", "a --- b", [{ image: "a" }, { image: "b" }]],
    ["flags after arguments", "a -- x --- --exec=y", [{ image: "a", exec: "y", args: ["x"] }]],
    ["-- before the first image ends the early flags", "-- a", [{ image: "a" }]],
    ["a lone -- is nothing", "--", []],
    ["a mount after an image is the image's", "a --mount=v", [{ image: "a", mount: ["v"] }]],
    ["an early mount is no image's", "--mount=v a", [{ image: "a", mount: [] }]],
  ];
  for (const [why, line, apps] of lines) {
    test(why, () => {
      const call = parse(line === "" ? [] : line.split(" "), "images");
      const seen = call.apps.map((app) => ({
        image: app.image,
        exec: app.flags.get(exec),
        mount: app.flags.get(mount),
        args: app.args,
      }));
      expect(seen).toHaveLength(apps.length);
      expect(seen).toMatchObject(apps);
    });
  }

  test("an early mount is the pod's", () => {
    expect(parse(["--mount=v", "a", "--mount=w"], "images").flags.get(mount)).toEqual(["v"]);
  });

  test("flags of the command and global flags may follow images", () => {
    const { flags } = parse(["a", "--net=none", "b", "--insecure-options=image"], "images");
    expect(flags.get(net)).toBe("none");
    expect([...flags.get(insecureOptions)]).toEqual(["image"]);
  });

  const wrong: readonly [why: string, line: string, message: string][] = [
    ["arguments without an image", "-- -- x", "an image is required before any app arguments"],
    ["arguments twice", "a -- x --- -- y", "only one set of app arguments allowed per image"],
    ["--- right after a flag", "a --exec=x ---", "bad flag syntax: ---"],
    ["an unknown flag of an image", "a --nothing", "unknown flag: --nothing"],
    [
      "a wrong value of a flag after an image",
      "a --full=x",
      'invalid argument "x" for --full=x: strconv.ParseBool: parsing "x": invalid syntax',
    ],
  ];
  for (const [why, line, message] of wrong) {
    test(why, () => {
      const fault = faultOf(() => parse(line.split(" "), "images"));
      expect(fault).not.toBeInstanceOf(UsageFault);
      expect(describeFault(fault)).toBe(`error parsing app image arguments: ${message}`);
    });
  }

  test("a command whose images take no arguments refuses them", () => {
    const fault = faultOf(() => parseCall("x", command("images", false), ["a", "--", "b"]));
    expect(describeFault(fault)).toBe(
      "error parsing app image arguments: app arguments unsupported",
    );
  });
});

test("without a command only global flags are known", () => {
  expect(parseGlobal(["--debug"]).flags.get(debug)).toBe(true);
  expect(faultOf(() => parseGlobal(["--full"])).message).toBe("unknown flag: --full");
});
