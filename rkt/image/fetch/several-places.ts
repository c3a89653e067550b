/**
 * One source of an image that several places may have: mirrors, then the registry. In: places in
 * their order; out: a source. The first place that answers for the image's name is asked for the
 * rest of it, and the ones after it for what it lacks. What lies beside the image may be at any of
 * them. Never checks what it gets.
 */
import { describeFault, Fault, type FaultKind, quote } from "@shared/base";
import type { ImageHost } from "../host.ts";
import type { Attachments, OciSource } from "./oci-source.ts";

/** A place, not asked before it is needed. */
export interface SourcePlace {
  /** As in messages: `mirror.site/k8s/pause`. */
  readonly name: string;
  readonly open: () => Promise<OciSource>;
}

/** Failures after which another place may do better. */
const ELSEWHERE: readonly FaultKind[] = [
  "unavailable",
  "timeout",
  "not-found",
  "denied",
  "corrupt",
];

type Place = SourcePlace & { failed: boolean };

export function severalPlaces(
  host: Pick<ImageHost, "note">,
  named: readonly SourcePlace[],
): OciSource {
  const places: Place[] = named.map(({ name, open }) => ({
    name,
    open: once(open),
    failed: false,
  }));
  let at = 0;
  const ask = async <T>(request: (source: OciSource) => Promise<T>): Promise<T> => {
    for (let tried = at; ; tried++) {
      const place = places[tried];
      if (place === undefined) throw new Fault("not-found", "find a place to ask");
      try {
        return await request(await place.open());
      } catch (error) {
        const { kind } = Fault.from(error);
        if (tried + 1 >= places.length || !ELSEWHERE.includes(kind)) throw error;
        if (!place.failed) {
          host.note(`image: mirror ${quote(place.name)} failed: ${describeFault(error)}`);
        }
        place.failed = true;
        // A place that lacks one document may still have the others, but not the image's own.
        if (kind !== "not-found") at = Math.max(at, tried + 1);
      }
    }
  };
  const beside = places.map(({ open }) => attachmentsOf(open));
  return {
    document: async () => {
      const bytes = await ask((source) => source.document());
      const first = places.findIndex(({ failed }) => !failed);
      at = first < 0 ? places.length - 1 : first;
      return bytes;
    },
    manifest: async (descriptor) => await ask((source) => source.manifest(descriptor)),
    blob: async (descriptor, from) => await ask((source) => source.blob(descriptor, from)),
    attachments: joined(beside),
    attachmentsByPlace: beside,
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

function attachmentsOf(open: () => Promise<OciSource>): Attachments {
  return {
    tagged: async (tag) => await (await open()).attachments?.tagged(tag),
    referrers: async (digest) => (await (await open()).attachments?.referrers(digest)) ?? [],
  };
}

/** What any of them has. Those that fail count only where no other answers. */
function joined(places: readonly Attachments[]): Attachments {
  const ofEach = async <T>(ask: (place: Attachments) => Promise<T>): Promise<T[]> => {
    const answers = await Promise.allSettled(places.map(ask));
    const found = answers.filter((answer) => answer.status === "fulfilled");
    const failed = answers.find((answer) => answer.status === "rejected");
    if (found.length === 0 && failed !== undefined) throw failed.reason;
    return found.map(({ value }) => value);
  };
  return {
    tagged: async (tag) =>
      (await ofEach((place) => place.tagged(tag))).find((document) => document !== undefined),
    referrers: async (digest) => {
      const listed = (await ofEach((place) => place.referrers(digest))).flat();
      return [...new Map(listed.map((each) => [each.digest, each])).values()];
    },
  };
}
