/**
 * Makes rktnetes/apiserver/storage/etcd/generated/etcd_pb.ts fit the rules of this project. In: the
 * directory in which protoc-gen-es 2.17.0 (`target=ts`) has put etcd_pb.ts, made of etcd.proto
 * beside the store. Out: the committed file: without the schemas that nothing asks for, and with
 * short lines.
 *
 *     protoc -I rktnetes/apiserver/storage/etcd --es_out=DIR --es_opt=target=ts etcd.proto
 *     sh tools/bun run tools/generate/etcd.ts DIR
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

const STORE = join(import.meta.dir, "../../rktnetes/apiserver/storage/etcd");
const PIECE = 90;

function fitted(text: string, used: ReadonlySet<string>): string {
  return text
    .replace("/* eslint-disable */\n", "")
    .replace(
      /fileDesc\("([^"]+)"\)/,
      (_whole, bytes: string) => `fileDesc(\n${broken(bytes)},\n  )`,
    )
    .replace("export const file_etcd", "const file_etcd")
    .replace(
      /\/\*\*\n \* Describes the message [^/]*\*\/\nexport const (\w+):[^;]*;\n\n?/g,
      (whole, name: string) => (used.has(name) ? whole : ""),
    );
}

function broken(bytes: string): string {
  const pieces = bytes.match(new RegExp(`.{1,${PIECE}}`, "g")) ?? [];
  return pieces.map((piece) => `    "${piece}"`).join(" +\n");
}

const [directory = ""] = process.argv.slice(2);
const sources = ["requests.ts", "etcd-client.ts", "etcd-store.ts", "etcd-watch.ts"];
const code = sources.map((name) => readFileSync(join(STORE, name), "utf8")).join("\n");
const used = new Set(code.match(/\b\w+Schema\b/g));
const made = fitted(readFileSync(join(directory, "etcd_pb.ts"), "utf8"), used);
writeFileSync(join(STORE, "generated/etcd_pb.ts"), made);
