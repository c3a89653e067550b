/** Parsers of bytes from outside, for `npm run fuzz`: each ends with a value or a fault. */
import { decompress } from "../layers/decompress.ts";
import { placeOf } from "../layers/layer-place.ts";
import { TarReader } from "../layers/tar.ts";
import { parsePax } from "../layers/tar-pax.ts";
import { parseChallenge } from "../fetch/challenge.ts";
import { metaTags } from "../discover/meta.ts";

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

export const TARGETS: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  tar: (bytes) => {
    const names: string[] = [];
    const reader = new TarReader({
      entry: (entry) => names.push(entry.type, placeOf("oci", entry.path).kind),
      data: () => undefined,
      end: () => undefined,
    });
    reader.write(bytes);
    reader.finish();
    return [...new Set(names)].sort().join();
  },
  pax: (bytes) => [...parsePax(Buffer.from(bytes)).values.keys()].join(),
  decompress: async (bytes) => {
    const { compression, output } = await decompress(inPieces(bytes));
    for await (const _chunk of output);
    return compression;
  },
  challenge: (bytes) => parseChallenge(text(bytes))?.scheme,
  meta: (bytes) => metaTags(text(bytes), "ac-discovery").length,
};
