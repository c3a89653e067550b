import { describe, expect, test } from "bun:test";
import { Fault } from "@shared/base";
import { decompress, sniffCompression } from "./decompress.ts";

/** Neither all alike nor all random, several chunks long. */
const PLAIN = Buffer.from(Array.from({ length: 200_000 }, (_, i) => `${i * i} `).join(""));

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function allOf(bytes: Uint8Array, size = 10_000): Promise<Buffer> {
  const { output } = await decompress(inPieces(bytes, size));
  const chunks: Uint8Array[] = [];
  for await (const chunk of output) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

async function faultOf(bytes: Uint8Array): Promise<Fault> {
  try {
    await allOf(bytes);
  } catch (error) {
    return error as Fault;
  }
  throw new Error("it was decompressed without a fault");
}

const PROGRAMS = ["gzip", "zstd", "xz", "bzip2"] as const;

for (const program of PROGRAMS) {
  const missing = Bun.which(program) === null ? ` (skipped: ${program} is not installed)` : "";
  describe.skipIf(missing !== "")(`what ${program} made${missing}`, () => {
    const squeeze = (bytes: Uint8Array): Buffer =>
      Bun.spawnSync([program, "-1", "-c"], { stdin: bytes }).stdout;
    const whole = squeeze(PLAIN);

    test("is told by its beginning", () => {
      expect(sniffCompression(whole)).toBe(program);
    });
    for (const size of [1000, 1_000_000]) {
      test(`comes back, in pieces of ${size} bytes`, async () => {
        expect((await allOf(whole, size)).equals(PLAIN)).toBe(true);
      });
    }
    test("comes back when it is several files in a row", async () => {
      const twice = Buffer.concat([whole, whole]);
      expect((await allOf(twice)).equals(Buffer.concat([PLAIN, PLAIN]))).toBe(true);
    });
    test("comes back when it is nothing", async () => {
      expect((await allOf(squeeze(Buffer.alloc(0)))).length).toBe(0);
    });
    test("is refused when its end is missing", async () => {
      for (const size of [whole.length - 3, whole.length >> 1, 7]) {
        const fault = await faultOf(whole.subarray(0, size));
        expect(fault).toBeInstanceOf(Fault);
        expect(fault.kind).toBe("corrupt");
        expect(fault.message).toStartWith(`decompress the archive: ${program}: `);
      }
    });
    test("is refused when a byte differs", async () => {
      const damaged = Buffer.from(whole);
      const middle = damaged.length >> 1;
      damaged.fill(0x55, middle, middle + 40);
      expect((await faultOf(damaged)).kind).toBe("corrupt");
    });
    test("a failure of the source stays what it is", async () => {
      async function* failing(): AsyncGenerator<Uint8Array> {
        yield whole.subarray(0, 5000);
        throw new Fault("unavailable", "the network has gone");
      }
      const { output } = await decompress(failing());
      const reading = async (): Promise<void> => {
        for await (const _chunk of output);
      };
      expect(reading()).rejects.toThrow("the network has gone");
    });
    test("a reader that stops leaves nothing running", async () => {
      const { output } = await decompress(inPieces(whole, 1000));
      for await (const chunk of output) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
    });
  });
}

test("plain bytes pass, fewer than any magic number has too", async () => {
  expect((await allOf(PLAIN)).equals(PLAIN)).toBe(true);
  expect((await allOf(Buffer.from("ab"), 1)).toString()).toBe("ab");
  expect((await allOf(new Uint8Array(0))).length).toBe(0);
});

test("a missing program is named with its package", async () => {
  const script = `
    import { decompress } from ${JSON.stringify(`${import.meta.dir}/decompress.ts`)};
    async function* bytes() { yield Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 0); }
    try { await decompress(bytes()); } catch (e) { console.log(e.kind, e.message, "|", e.hint); }`;
  const run = Bun.spawnSync([process.execPath, "-e", script], { env: { PATH: "/nonexistent" } });
  expect(run.stdout.toString().trim()).toBe(
    'missing-program decompress: the program "xz" is missing | ' +
      'install the Debian package "xz-utils"',
  );
});
