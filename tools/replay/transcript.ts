/**
 * `bun run tools/replay/transcript.ts FILE [--kubectl PATH] [--diff]`: runs the recorded commands
 * of a transcript of kubectl against the built executable and says how many say the same.
 *
 * In: a transcript (`### n`, `$ command`, its input, output, errors, exit status; files at the
 * end). Out: two counts, the same and only the same status; with --diff what each other one said.
 * What changes from run to run (ages, times, ids, addresses) is compared as a word of its own.
 * Starts a server for itself, on a directory that is gone afterwards.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { hollowNode } from "./hollow-node.ts";

interface Recorded {
  readonly number: string;
  readonly command: string;
  readonly input: string;
  readonly output: string;
  readonly errors: string;
  readonly status: number;
}

interface Transcript {
  readonly commands: readonly Recorded[];
  readonly files: ReadonlyMap<string, string>;
}

function readTranscript(text: string): Transcript {
  const commands: Recorded[] = [];
  const files = new Map<string, string>();
  for (const block of text.split(/^### /m).slice(1)) {
    const head = block.slice(0, block.indexOf("\n"));
    const rest = block.slice(head.length + 1);
    if (head.startsWith("FILE ")) files.set(head.slice("FILE ".length), rest);
    else commands.push(readCommand(head, rest));
  }
  return { commands, files };
}

function readCommand(number: string, text: string): Recorded {
  const parts = text.split(/^--- (stdin|stdout|stderr|exit)[ \n]/m);
  const part = (name: string): string => {
    const at = parts.indexOf(name);
    return at < 0 ? "" : (parts[at + 1] ?? "");
  };
  const command = (parts[0] ?? "").trim().replace(/^\$ /, "");
  const [input, output, errors] = [part("stdin"), part("stdout"), part("stderr")];
  return { number, command, input, output, errors, status: Number(part("exit")) };
}

/** Words for what no two runs have in common. */
const PLAIN: readonly (readonly [RegExp, string])[] = [
  [/https:\/\/(127\.0\.0\.1|SERVER|localhost)(:\d+)?/g, "https://SERVER"],
  [/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|<uid\d+>/g, "<uid>"],
  [/\b[0-9a-f]{40}\b/g, "<commit>"],
  [/\b[0-9a-f]{64}\b/g, "<sha256>"],
  [/^E\d{4} [\d:.]+ +\d+ /gm, "E<time> "],
  [/\d{4}-\d\d-\d\d \d\d:\d\d:[\d.]+/g, "<time>"],
  [
    /\d{4}-\d\d-\d\dT[\d:.]+Z|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]+ \+0000|<time>/g,
    "<time>",
  ],
  [/\b10\.96\.\d+\.\d+\b/g, "<ip>"],
  [/(resourceVersion: ")(\d+|<rv\d*>)"/g, '$1<rv>"'],
  [/\b(\d+[ydhms]){1,2}\b|<invalid>/g, "<age>"],
  [/v1\.36\.\d+\S*/g, "<version>"],
  [/(:)3\d{4}(\/TCP)/g, "$1<port>$2"],
  [/-[a-z0-9]{5}\b/g, "-<suffix>"],
  [/\/tmp\/(LIVE|MERGED)-\S+|<path>/g, "<path>"],
  [/\neyJ\S+|^eyJ\S+/g, "<jwt>"],
  [/<no newline>/g, ""],
  [/ +/g, " "],
  [/Resource Version: \d+/g, "Resource Version: <rv>"],
];

function plain(text: string): string {
  const replaced = PLAIN.reduce((now, [from, to]) => now.replace(from, to), text);
  return replaced.replace(/ +$/gm, "").trim();
}

interface Said {
  readonly output: string;
  readonly errors: string;
  readonly status: number;
}

async function run(one: Recorded, directory: string, kubectl: string): Promise<Said> {
  const path = `${dirname(kubectl)}:/usr/local/bin:/usr/bin:/bin`;
  const child = Bun.spawn(["sh", "-c", one.command], {
    cwd: directory,
    env: { PATH: path, HOME: directory, KUBECONFIG: join(directory, "kubeconfig"), EDITOR: "true" },
    stdin: Buffer.from(one.input),
    stdout: "pipe",
    stderr: "pipe",
    timeout: 20_000,
  });
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { output, errors, status: await child.exited };
}

function isSame(one: Recorded, said: Said): boolean {
  const outputs = plain(one.output) === plain(said.output);
  return outputs && plain(one.errors) === plain(said.errors) && one.status === said.status;
}

function show(one: Recorded, said: Said): string {
  const lines = [`! ${one.number} ${one.command}`];
  for (const name of ["output", "errors"] as const) {
    const [wanted, got] = [plain(one[name]).split("\n"), plain(said[name]).split("\n")];
    const at = wanted.findIndex((line, index) => line !== got[index]);
    const where = at < 0 && got.length > wanted.length ? wanted.length : at;
    if (where < 0) continue;
    lines.push(`    ${name} ${where + 1}: ${got[where] ?? "(end)"}`);
    lines.push(`    recorded: ${wanted[where] ?? "(end)"}`);
  }
  if (one.status !== said.status) lines.push(`    status ${said.status}, recorded ${one.status}`);
  return lines.join("\n");
}

async function startServer(directory: string): Promise<AsyncDisposable> {
  const executable = join(import.meta.dir, "../../dist/rktnetes");
  const flags = ["--only=api", "--datastore=memory", "--port=0"];
  const paths = [`--data-dir=${directory}/data`, `--write-kubeconfig=${directory}/kubeconfig`];
  const child = Bun.spawn([executable, "server", ...flags, ...paths], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const ready = await child.stdout.getReader().read();
  if (ready.done) throw new Error("the server did not start");
  return {
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

/** The recorded cluster had one node, with a runtime that runs nothing. */
async function registerHollowNode(directory: string, kubectl: string): Promise<void> {
  const one = { number: "", output: "", errors: "", status: 0 };
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: hollowNode() });
  for (const command of [
    "kubectl create -f -",
    "kubectl taint node hollow-0 node.kubernetes.io/not-ready-",
  ]) {
    const { errors, status } = await run({ ...one, command, input: list }, directory, kubectl);
    if (status !== 0) throw new Error(`${command}: ${errors}`);
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kubectl: { type: "string", default: ".cache/kubectl/testing/usr/bin/kubectl" },
    diff: { type: "boolean", default: false },
  },
});
const [file] = positionals;
if (file === undefined) throw new Error("usage: transcript FILE [--kubectl PATH] [--diff]");
const { commands, files } = readTranscript(readFileSync(file, "utf8"));
const directory = mkdtempSync(join(tmpdir(), "transcript-"));
try {
  mkdirSync(join(directory, "data"));
  for (const [name, text] of files) writeFileSync(join(directory, name), text);
  await using _server = await startServer(directory);
  await registerHollowNode(directory, resolve(values.kubectl));
  const count = { same: 0, status: 0 };
  for (const one of commands) {
    const said = await run(one, directory, resolve(values.kubectl));
    if (isSame(one, said)) count.same++;
    else if (values.diff) console.log(show(one, said));
    if (one.status === said.status) count.status++;
  }
  const all = commands.length;
  console.log(`${count.same} of ${all} the same, ${count.status} of ${all} with the same status`);
} finally {
  rmSync(directory, { recursive: true });
}
