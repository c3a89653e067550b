/**
 * `sh tools/bun tools/generate/kubernetes/golden.ts RECORDINGS`: reads every object that a real
 * server answered, writes it again as JSON and by way of protobuf, and says what differs.
 *
 * In: a directory of recorded interactions (`*.jsonl`). Out: a line per difference, each once, and
 * the score; exit status 1 when something differs.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeJson } from "@rktnetes/api/codec/decode";
import { encodeJson } from "@rktnetes/api/codec/encode";
import { decodeProtobuf } from "@rktnetes/api/codec/protobuf/decode-protobuf";
import { encodeProtobuf, hasWireForm } from "@rktnetes/api/codec/protobuf/encode-protobuf";
import { findType } from "@rktnetes/api/kinds";

interface Recorded {
  readonly apiVersion?: string;
  readonly kind?: string;
}

interface Interaction {
  readonly name: string;
  readonly response: {
    readonly body?: Recorded | string | null;
    readonly events?: readonly { readonly object?: Recorded }[];
  };
}

/** Placeholders of the recordings that stand where a type wants more than any text. */
const PLACEHOLDERS: readonly (readonly [RegExp, string])[] = [
  [/<microtime>/g, "2024-01-01T00:00:00.123456Z"],
  [/<time>/g, "2024-01-01T00:00:00Z"],
  [/"<(?:nodePort\d+|port)>"/g, "30000"],
  [/<pem[^>]*>|<ca\.crt>|<jwt>|<x repeated[^>]*>/g, "aGVsbG8="],
];

const [directory = ""] = process.argv.slice(2);
const differences = new Map<string, string>();
let whole = 0;
let same = 0;

for (const file of readdirSync(directory).filter((name) => name.endsWith(".jsonl"))) {
  for (const line of readFileSync(join(directory, file), "utf8").split("\n")) {
    if (line === "") continue;
    const { name, response } = JSON.parse(line) as Interaction;
    const objects = [response.body, ...(response.events ?? []).map(({ object }) => object)];
    for (const object of objects) {
      if (typeof object === "object" && object !== null) compare(`${file} ${name}`, object);
    }
  }
}

for (const [what, where] of differences) console.log(`${what} (${where})`);
console.log(`${same} of ${whole} objects come out the same`);
process.exitCode = same === whole ? 0 : 1;

/** Objects of kinds that are not built in, and documents that are no kinds, are passed over. */
function compare(where: string, object: Recorded): void {
  const [version = "", group = ""] = (object.apiVersion ?? "").split("/").toReversed();
  const schema = findType({ group, version, kind: object.kind ?? "" });
  if (schema === undefined) return;
  whole++;
  let text = JSON.stringify(object);
  for (const [placeholder, value] of PLACEHOLDERS) text = text.replace(placeholder, value);
  try {
    const { object: decoded, problems } = decodeJson(schema, text);
    for (const problem of problems) differences.set(`${object.kind}: ${problem}`, where);
    const written = encodeJson(schema, decoded);
    const found = differ(JSON.parse(text), JSON.parse(written), object.kind ?? "", where);
    if (!found) same++;
    if (!hasWireForm(group, version, object.kind ?? "")) return;
    const back = decodeProtobuf(schema, encodeProtobuf(schema, decoded));
    differ(
      JSON.parse(written),
      JSON.parse(encodeJson(schema, back)),
      `${object.kind}, wire`,
      where,
    );
  } catch (error) {
    differences.set(`${object.kind}: ${error instanceof Error ? error.message : "?"}`, where);
  }
}

/** Notes where two trees differ; true when they do. Kind and apiVersion are not on the wire. */
function differ(a: unknown, b: unknown, path: string, where: string): boolean {
  if (/, wire(\..*)?\.(kind|apiVersion)$/.test(path) && b === undefined) return false;
  if (isTree(a) && isTree(b) && Array.isArray(a) === Array.isArray(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    const found = [...keys].map((key) => {
      const step = Array.isArray(a) ? "[]" : `.${key}`;
      return differ(a[key], b[key], path + step, where);
    });
    return found.includes(true);
  }
  if (a === b) return false;
  differences.set(`${path}: ${shown(a)} became ${shown(b)}`, where);
  return true;
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 60);
}
