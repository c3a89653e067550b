/**
 * The process that unpacks one layer. In: the archive, compressed or not, on its standard input,
 * and one JSON argument; out: files below the target, which it makes its root directory before it
 * looks at the archive, and JSON lines on its standard output. Dies with its parent. Never opens
 * anything by name after that but what it made.
 */
import { createReadStream } from "node:fs";
import process from "node:process";
import { describeFault, Fault, formatBytes, hintOf } from "@shared/base";
import { kernel } from "@shared/linux";
import { bomb, decompress } from "./decompress.ts";
import { LayerWriter } from "./layer-writer.ts";
import { TarReader } from "./tar.ts";
import type { DigestAlgorithm, UnpackReply, UnpackRequest } from "./unpack-request.ts";

const SIGKILL = 9;
const READ_BYTES = 128 * 1024;
/** An entry costs time however small it is; one that differs from the last has more. */
const ENTRY_BYTES_MIN = 8;
const HARMLESS_ENTRIES = 20_000;

/** Unpacks as `argv[0]` says and returns the exit status. The caller exits with it. */
export async function unpackChild(argv: readonly string[]): Promise<number> {
  try {
    kernel.setParentDeathSignal(SIGKILL);
    await say(await unpack(JSON.parse(argv[0] ?? "") as UnpackRequest));
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

async function unpack(request: UnpackRequest): Promise<UnpackReply> {
  const stdin = createReadStream("", { fd: 0, highWaterMark: READ_BYTES });
  const { output, packed } = await decompress(stdin as AsyncIterable<Uint8Array>);
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
    if (reader.headers > HARMLESS_ENTRIES && packed.bytes < reader.headers * ENTRY_BYTES_MIN) {
      throw bomb(packed.bytes, `${HARMLESS_ENTRIES} entries`);
    }
    if (!begun && writer.files > 0) {
      begun = true;
      await say({ kind: "begun" });
    }
  }
  reader.finish();
  writer.finish();
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
