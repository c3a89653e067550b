/** Which place of an image is asked for what. */
import { expect, test } from "bun:test";
import type { OciDescriptor } from "@rkt/spec";
import { describeFault, Fault } from "@shared/base";
import type { OciSource } from "./oci-source.ts";
import { severalPlaces } from "./several-places.ts";

const blob = { mediaType: "", digest: `sha256:${"a".repeat(64)}`, size: 1 } as OciDescriptor;
const missing = async (): Promise<never> => {
  throw new Fault("not-found", "it is not there");
};
const down = async (): Promise<never> => {
  throw new Fault("unavailable", "nobody there");
};

/** Places that have what they are told, and what was asked of them. */
function placesWith(...given: readonly Partial<OciSource>[]) {
  const asked: string[] = [];
  const notes: string[] = [];
  const named = given.map((parts, n) => {
    const noted =
      <A extends unknown[], R>(what: string, answer: (...words: A) => R) =>
      (...words: A): R => {
        asked.push(`${n} ${what}`);
        return answer(...words);
      };
    const source: OciSource = {
      document: noted("document", parts.document ?? missing),
      manifest: noted("manifest", parts.manifest ?? missing),
      blob: noted("blob", parts.blob ?? missing),
      ...(parts.attachments !== undefined && { attachments: parts.attachments }),
    };
    return { name: `place-${n}`, open: async () => source };
  });
  const source = severalPlaces({ note: (line) => notes.push(line) }, named);
  return { source, asked, notes };
}

const bytes = async (): Promise<Uint8Array> => Buffer.from("here");
const body = async (): Promise<AsyncIterable<Uint8Array>> => new Blob(["here"]).stream();

test("the first place that has the image is asked for the rest of it", async () => {
  const { source, asked, notes } = placesWith({}, { document: bytes, blob: body }, {});
  await source.document();
  await source.blob(blob);
  expect(asked).toEqual(["0 document", "1 document", "1 blob"]);
  expect(notes).toEqual(['image: mirror "place-0" failed: it is not there']);
});

test("what it lacks is looked for further on, and it is asked again for the next", async () => {
  const mirror = { document: bytes, blob: body };
  const { source, asked, notes } = placesWith(mirror, { manifest: bytes });
  await source.document();
  await source.manifest(blob);
  await source.blob(blob);
  expect(asked).toEqual(["0 document", "0 manifest", "1 manifest", "0 blob"]);
  expect(notes).toHaveLength(1);
});

test("one that is down is not asked again", async () => {
  const { source, asked } = placesWith({ document: down }, { document: bytes, blob: body });
  await source.document();
  await source.blob(blob);
  expect(asked).toEqual(["0 document", "1 document", "1 blob"]);
});

test("the last one's failure is the answer", async () => {
  const { source } = placesWith({}, { document: down });
  const failure: unknown = await source.document().catch((error: unknown) => error);
  expect(describeFault(failure)).toBe("nobody there");
});

test("attachments of all places count, once each; one that is down is passed over", async () => {
  const tagged = async (): Promise<undefined> => undefined;
  const with1 = { tagged, referrers: async () => [blob] };
  const broken = { tagged: down, referrers: down };
  const with2 = { tagged: bytes, referrers: async () => [blob, { ...blob, size: 2 }] };
  const { source } = placesWith(
    { attachments: with1 },
    { attachments: broken },
    { attachments: with2 },
  );
  expect(await source.attachments?.referrers("sha256:b")).toEqual([{ ...blob, size: 2 }]);
  expect(await source.attachments?.tagged("x")).toEqual(Buffer.from("here"));
  expect(source.attachmentsByPlace).toHaveLength(3);
  const none = placesWith({ attachments: broken });
  const failure: unknown = await none.source.attachments?.tagged("x").catch((e: unknown) => e);
  expect(describeFault(failure)).toBe("nobody there");
});
