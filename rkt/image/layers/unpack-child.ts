/**
 * The process that unpacks one layer. In: on its standard input one JSON line and the archive,
 * compressed or not; out: files below the target, which it makes its root directory before it looks
 * at the archive, and JSON lines on its standard output. Dies with its parent. Never opens
 * anything by name after that but what it made.
 */
import { createReadStream } from "node:fs";
import process from "node:process";
import { describeFault, Fault, formatBytes, hintOf, KiB } from "@shared/base";
import { kernel } from "@shared/linux";
import { bomb, decompress, startingWith } from "./decompress.ts";
import { LayerWriter } from "./layer-writer.ts";
import { TarReader } from "./tar.ts";
import type { DigestAlgorithm, UnpackReply, UnpackRequest } from "./unpack-request.ts";

const SIGKILL = 9;
const READ_BYTES = 128 * 1024;
/** An entry costs time however small it is; one that differs from the last has more. */
const ENTRY_BYTES_MIN = 8;
const HARMLESS_ENTRIES = 20_000;
const REQUEST_BYTES_MAX: number = 64 * KiB;

/** Unpacks as the first line of its input says; returns the status to exit with. */
export async function unpackChild(): Promise<number> {
  try {
    kernel.setParentDeathSignal(SIGKILL);
    const stdin = createReadStream("", { fd: 0, highWaterMark: READ_BYTES });
    const { line, rest } = await firstLine(stdin as AsyncIterable<Uint8Array>);
    await say(await unpack(JSON.parse(line) as UnpackRequest, rest));
    return 0;
  } catch (error) {
    const { kind } = Fault.from(error);
    const hint = hintOf(error);
    const message = describeFault(error);
    const told = hint === undefined ? { kind, message } : { kind, message, hint };
    await say({ kind: "fault", fault: told }).catch(() => {}); // the parent may be gone
    return 1;
  }
}

/** The request, and the archive after it. */
async function firstLine(
  input: AsyncIterable<Uint8Array>,
): Promise<{ readonly line: string; readonly rest: AsyncIterable<Uint8Array> }> {
  const source = input[Symbol.asyncIterator]();
  let seen = Buffer.alloc(0);
  for (let end = -1; end < 0; end = seen.indexOf("\n")) {
    const step = await source.next();
    if (step.done === true || seen.length > REQUEST_BYTES_MAX) return { line: "", rest: none() };
    seen = Buffer.concat([seen, step.value]);
  }
  const end = seen.indexOf("\n");
  const rest = startingWith(seen.subarray(end + 1), source);
  return { line: seen.toString("utf8", 0, end), rest };
}

async function* none(): AsyncGenerator<Uint8Array> {}

async function unpack(
  request: UnpackRequest,
  archive: AsyncIterable<Uint8Array>,
): Promise<UnpackReply> {
  const { output, packed } = await decompress(archive, request);
  process.umask(0);
  kernel.chroot(request.target);
  const writer = new LayerWriter({ kernel }, request.format);
  const reader = new TarReader(writer);
  const hashes = request.digests.map((name) => ({ name, hash: new Bun.CryptoHasher(name) }));
  let bytes = 0;
  let begun = false;
  for await (const chunk of output) {
    bytes += chunk.length;
    if (bytes > request.bytesMax) throw tooMuch(formatBytes(request.bytesMax));
    for (const { hash } of hashes) hash.update(chunk);
    reader.write(chunk);
    if (reader.headers > request.entriesMax) throw tooMuch(`${request.entriesMax} entries`);
    const crowded = packed.bytes < reader.headers * ENTRY_BYTES_MIN;
    if (!request.vouched && crowded && reader.headers > HARMLESS_ENTRIES) {
      throw bomb(packed.bytes, `${HARMLESS_ENTRIES} entries`);
    }
    if (!begun && writer.files > 0) {
      begun = true;
      await say({ kind: "begun" });
    }
  }
  reader.finish();
  writer.finish();
  if (request.sync) kernel.syncFileSystem("/");
  const digests: Partial<Record<DigestAlgorithm, string>> = {};
  for (const { name, hash } of hashes) digests[name] = hash.digest("hex");
  const result = { kind: "done", digests, files: writer.files, bytes } as const;
  const manifest = writer.manifest?.toString("base64");
  return manifest === undefined ? result : { ...result, manifest };
}

function tooMuch(limit: string): Fault {
  return new Fault("exhausted", `unpack the archive: it holds more than ${limit}`);
}

async function say(reply: UnpackReply): Promise<void> {
  await Bun.write(Bun.stdout, `${JSON.stringify(reply)}\n`);
}
