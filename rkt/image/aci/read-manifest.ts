/**
 * The manifest of an archive that is not yet trusted. In: the file as fetched; out: the parsed
 * manifest: its name decides which keys may vouch for the archive. Reads no further than the
 * manifest and writes nothing.
 */
import { type ImageManifest, parseImageManifest } from "@rkt/spec";
import { Fault, GiB, MiB } from "@shared/base";
import { fileChunks } from "../fetch/file-chunks.ts";
import { decompress } from "../layers/decompress.ts";
import { TarReader } from "../layers/tar.ts";

const MANIFEST_BYTES_MAX: number = MiB;
/** The manifest may stand last; a bomb must not keep us for ever. */
const SEARCH_BYTES_MAX: number = 64 * GiB;

/** @throws {Fault} "corrupt" not an archive, damaged · "invalid" no manifest, or a wrong one */
export async function readAciManifest(path: string): Promise<ImageManifest> {
  const bytes = await findManifest(path);
  if (bytes === undefined) throw new Fault("invalid", "missing manifest");
  return parseImageManifest(new TextDecoder().decode(bytes));
}

async function findManifest(path: string): Promise<Uint8Array | undefined> {
  const { compression, output } = await decompress(fileChunks(path));
  const finder = manifestFinder();
  const reader = new TarReader(finder);
  let bytes = 0;
  for await (const chunk of output) {
    if (bytes === 0 && compression === "none") checkIsArchive(chunk);
    bytes += chunk.length;
    if (bytes > SEARCH_BYTES_MAX) throw new Fault("exhausted", "read the archive: too large");
    reader.write(chunk);
    if (finder.found !== undefined) return finder.found;
  }
  if (bytes === 0) throw notAnArchive("it is empty");
  reader.finish();
  return finder.found;
}

interface ManifestFinder {
  readonly found: Uint8Array | undefined;
  entry(entry: { readonly path: string; readonly type: string }): void;
  data(chunk: Uint8Array, offset: number): void;
  end(): void;
}

function manifestFinder(): ManifestFinder {
  let inside = false;
  let bytes = 0;
  let found: Uint8Array | undefined;
  const chunks: Uint8Array[] = [];
  return {
    get found() {
      return found;
    },
    entry: ({ path, type }) => {
      inside = found === undefined && type === "file" && path.replace(/^\.?\/+/, "") === "manifest";
    },
    data: (chunk) => {
      if (!inside) return;
      bytes += chunk.length;
      if (bytes > MANIFEST_BYTES_MAX) {
        throw new Fault("exhausted", "read the image manifest: larger than 1 MiB");
      }
      chunks.push(chunk.slice());
    },
    end: () => {
      if (inside) found = Buffer.concat(chunks);
      inside = false;
    },
  };
}

/** A clear word for what is not even a tar archive: a web page, a text, an empty file. */
function checkIsArchive(beginning: Uint8Array): void {
  const head = Buffer.from(beginning.buffer, beginning.byteOffset, Math.min(beginning.length, 512));
  const magic = head.toString("latin1", 257, 262);
  if (magic === "ustar" || (head.length === 512 && head[0] !== 0 && isOctal(head))) return;
  const page = /^\s*<(?:!doctype|html|\?xml)/i.test(head.toString("latin1"));
  throw notAnArchive(page ? "it is a web page" : "its beginning is that of no known format");
}

/** Archives from before POSIX have no magic; their checksum field is octal digits all the same. */
function isOctal(head: Buffer): boolean {
  return /^ *[0-7]+[\0 ]*$/.test(head.toString("latin1", 148, 156));
}

function notAnArchive(why: string): Fault {
  return new Fault("corrupt", `unknown image filetype: ${why}`, {
    hint: "an ACI is a tar archive, plain or compressed by gzip, bzip2, xz or zstd",
  });
}
