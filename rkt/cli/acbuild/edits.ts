/** The commands of acbuild that change what an image says of itself: one row each. */
import { readFileSync } from "node:fs";
import { type Edit, editDraft, editManifest, saveDraft } from "@rkt/build";
import type { NameValue } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import type { Call, Command } from "../grammar/command.ts";
import { type Flag, listFlag, plainFlag, switchFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { STEP_FLAGS, withBuild } from "./context.ts";

const count = plainFlag({ name: "count", usage: "how many ports follow each other" }, "1");
const socketActivated = switchFlag({
  name: "socket-activated",
  usage: "the app is started by its first connection",
});
const readOnly = switchFlag({ name: "read-only", usage: "the app may not write there" });
const imageId = plainFlag({ name: "image-id", usage: "the ID that the dependency must have" });
const size = plainFlag({ name: "size", usage: "size of the dependency in bytes" });
const dependencyLabels: Flag<readonly NameValue[]> = listFlag(
  { name: "label", usage: "a label that the dependency must have, NAME=VALUE" },
  readLabel,
);

/** Undefined for arguments that help should answer. */
type ReadEdit = (call: Call) => Edit | undefined;

function editCommand(
  usage: string,
  description: string,
  edit: ReadEdit,
  flags: readonly Flag<unknown>[] = [],
): Command {
  return {
    usage,
    description: [description],
    flags: [...flags, ...STEP_FLAGS],
    grammar: /COMMAND/.test(usage) ? "first" : "anywhere",
    run: (host, call) => applyEdit(host, call, edit),
  };
}

async function applyEdit(host: Host, call: Call, read: ReadEdit): Promise<number | "usage"> {
  const edit = read(call);
  if (edit === undefined) return "usage";
  return await withBuild(host, call, ({ draft, paths }) => {
    const edited =
      draft.mode === "appc"
        ? { ...draft, manifest: editManifest(draft.manifest, edit) }
        : { ...draft, oci: editDraft(draft.oci, edit) };
    saveDraft(paths, edited);
    return 0;
  });
}

/** The one argument of a command; undefined where there are more or fewer. */
function only({ args }: Call): string | undefined {
  return args.length === 1 ? args[0] : undefined;
}

/** An edit of the one argument. */
function ofOne(make: (text: string) => Edit): ReadEdit {
  return (call) => {
    const text = only(call);
    return text === undefined ? undefined : make(text);
  };
}

function pairOf({ args }: Call): NameValue | undefined {
  const [name, value, more] = args;
  if (name === undefined || value === undefined || more !== undefined) return undefined;
  return { name, value };
}

/** `NAME VALUE` */
function ofPair(make: (add: NameValue) => Edit): ReadEdit {
  return (call) => {
    const pair = pairOf(call);
    return pair === undefined ? undefined : make(pair);
  };
}

function addPair(kind: string, what: string, make: (add: NameValue) => Edit): Command {
  return editCommand(`${kind} add NAME VALUE`, `Gives the image ${what}.`, ofPair(make));
}

function removal(usage: string, make: (remove: string) => Edit): Command {
  return editCommand(usage, "Takes the one of that name away.", ofOne(make));
}

function wholeNumber(text: string, what: string): number {
  const number = Number(text);
  if (/^[0-9]+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw new Fault("invalid", `read ${what} ${quote(text)}: it is no whole number`);
}

function readLabel(text: string): NameValue {
  const equals = text.indexOf("=");
  if (equals < 1) throw new Fault("invalid", "want NAME=VALUE");
  return { name: text.slice(0, equals), value: text.slice(equals + 1) };
}

function addPort(call: Call): Edit | undefined {
  const [name, protocol, port, more] = call.args;
  if (name === undefined || protocol === undefined || port === undefined) return undefined;
  if (more !== undefined) return undefined;
  const add = {
    name,
    protocol,
    port: wholeNumber(port, "port"),
    count: wholeNumber(call.flags.get(count), "count"),
    socketActivated: call.flags.get(socketActivated),
  };
  return { kind: "port", add };
}

function addMount(call: Call): Edit | undefined {
  const pair = pairOf(call);
  if (pair === undefined) return undefined;
  const point = { name: pair.name, path: pair.value };
  return { kind: "mount", add: call.flags.get(readOnly) ? { ...point, readOnly: true } : point };
}

function addIsolator(call: Call): Edit | undefined {
  const pair = pairOf(call);
  if (pair === undefined) return undefined;
  const text = readFileSync(pair.value === "-" ? 0 : pair.value, "utf8");
  try {
    return { kind: "isolator", add: { name: pair.name, value: JSON.parse(text) as unknown } };
  } catch {
    throw new Fault("invalid", `read isolator ${quote(pair.value)}: it is no JSON`);
  }
}

function addDependency(call: Call): Edit | undefined {
  const imageName = only(call);
  if (imageName === undefined) return undefined;
  const { flags } = call;
  const labels = flags.get(dependencyLabels);
  const add = {
    imageName,
    ...(flags.get(imageId) !== "" && { imageID: flags.get(imageId) }),
    ...(labels.length > 0 && { labels }),
    ...(flags.get(size) !== "" && { size: wholeNumber(flags.get(size), "size") }),
  };
  return { kind: "dependency", add };
}

function setEventHandler({ args: [name, ...words] }: Call): Edit | undefined {
  const exec = words[0] === "--" ? words.slice(1) : words;
  if ((name !== "pre-start" && name !== "post-stop") || exec.length === 0) return undefined;
  return { kind: "set-event-handler", name, exec };
}

/** By the words of the command. */
export const EDITS: Readonly<Record<string, Command>> = {
  "annotation add": addPair("annotation", "an annotation", (add) => ({ kind: "annotation", add })),
  "annotation remove": removal("annotation remove NAME", (remove) => ({
    kind: "annotation",
    remove,
  })),
  "dependency add": editCommand(
    "dependency add IMAGE_NAME",
    "Puts another image below this one.",
    addDependency,
    [imageId, dependencyLabels, size],
  ),
  "dependency remove": removal("dependency remove IMAGE_NAME", (remove) => ({
    kind: "dependency",
    remove,
  })),
  "environment add": addPair("environment", "a variable of the environment", (add) => ({
    kind: "environment",
    add,
  })),
  "environment remove": removal("environment remove NAME", (remove) => ({
    kind: "environment",
    remove,
  })),
  "isolator add": editCommand(
    "isolator add NAME JSON_FILE",
    'Adds an isolator with the value in a file, or on standard input ("-").',
    addIsolator,
  ),
  "isolator remove": removal("isolator remove NAME", (remove) => ({ kind: "isolator", remove })),
  "label add": addPair("label", "a label, such as version, os and arch", (add) => ({
    kind: "label",
    add,
  })),
  "label remove": removal("label remove NAME", (remove) => ({ kind: "label", remove })),
  "mount add": editCommand("mount add NAME PATH", "Adds a place for a volume.", addMount, [
    readOnly,
  ]),
  "mount remove": removal("mount remove NAME", (remove) => ({ kind: "mount", remove })),
  "port add": editCommand(
    "port add NAME PROTOCOL PORT",
    "Adds a port on which the app listens.",
    addPort,
    [count, socketActivated],
  ),
  "port remove": removal("port remove NAME", (remove) => ({ kind: "port", remove })),
  "set-event-handler": editCommand(
    "set-event-handler pre-start|post-stop -- COMMAND [ARGUMENT...]",
    "Sets what is run before the app, or after it.",
    setEventHandler,
  ),
  "set-exec": editCommand(
    "set-exec -- COMMAND [ARGUMENT...]",
    "Sets the command that the image runs.",
    ({ args }) => (args.length === 0 ? undefined : { kind: "set-exec", exec: args }),
  ),
  "set-group": editCommand(
    "set-group GROUP",
    "Sets the group of the app: a name, a number or a path.",
    ofOne((group) => ({ kind: "set-group", group })),
  ),
  "set-name": editCommand(
    "set-name NAME",
    "Sets the image's name, such as example.com/app.",
    ofOne((name) => ({ kind: "set-name", name })),
  ),
  "set-supp-groups": editCommand(
    "set-supp-groups GID...",
    "Sets further groups of the app.",
    ({ args }) => ({
      kind: "set-supp-groups",
      groups: args.map((text) => wholeNumber(text, "group")),
    }),
  ),
  "set-tag": editCommand(
    "set-tag TAG",
    "Sets the name of an OCI image inside of its archive.",
    ofOne((tag) => ({ kind: "set-tag", tag })),
  ),
  "set-user": editCommand(
    "set-user USER",
    "Sets the user of the app: a name, a number or a path.",
    ofOne((user) => ({ kind: "set-user", user })),
  ),
  "set-working-directory": editCommand(
    "set-working-directory PATH",
    "Sets the directory in which the app starts.",
    ofOne((path) => ({ kind: "set-working-directory", path })),
  ),
};
