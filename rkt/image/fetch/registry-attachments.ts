/**
 * What a registry holds beside an image. In: a way to ask one repository; out: documents by tag,
 * and the manifests that refer to a digest, by the referrers API or, where a registry lacks it, by
 * its tag. Checks no digest.
 *
 * @see OCI Distribution Specification 1.1, "Listing Referrers", "Referrers Tag Schema"
 */
import { OCI_MANIFEST_TYPES, type OciDescriptor, type OciDigest, parseOciIndex } from "@rkt/spec";
import { Fault, type FaultKind } from "@shared/base";
import { type HttpReply, readAll } from "../http.ts";
import { type Attachments, DOCUMENT_BYTES_MAX } from "./oci-source.ts";

/** One repository, with retry and credentials. */
export interface RepositoryAccess {
  /** Without a slash at its end: `https://registry.test/v2/library/busybox`. */
  readonly url: string;
  /** Faults for a status that is no success. */
  readonly open: (url: string, headers: Readonly<Record<string, string>>) => Promise<HttpReply>;
}

const PAGES_MAX = 10;
/** Of a `Link` header: the pattern that reads it takes the square of its length. */
const LINK_LENGTH_MAX = 4096;
/** What registries without the referrers API answer: 404, 400, 405. */
const UNKNOWN: readonly FaultKind[] = ["not-found", "invalid"];

export function registryAttachments(access: RepositoryAccess): Attachments {
  const tagged = async (tag: string): Promise<Uint8Array | undefined> => {
    const accept = { Accept: OCI_MANIFEST_TYPES.join(", ") };
    try {
      const reply = await access.open(`${access.url}/manifests/${tag}`, accept);
      return await readAll(reply, DOCUMENT_BYTES_MAX);
    } catch (error) {
      if (Fault.from(error).kind === "not-found") return undefined;
      throw error;
    }
  };
  return {
    tagged,
    referrers: async (digest) => {
      const listed = await listReferrers(access, digest);
      if (listed !== undefined) return listed;
      const index = await tagged(digest.replace(":", "-"));
      return index === undefined ? [] : descriptorsOf(index);
    },
  };
}

/** Undefined where the registry does not know how to list them. */
async function listReferrers(
  access: RepositoryAccess,
  digest: OciDigest,
): Promise<OciDescriptor[] | undefined> {
  const found: OciDescriptor[] = [];
  const beginning = `${access.url}/referrers/${digest}`;
  let url: string | undefined = beginning;
  try {
    for (let page = 0; url !== undefined && page < PAGES_MAX; page++) {
      const reply = await access.open(url, { Accept: OCI_MANIFEST_TYPES[0] ?? "" });
      for (const each of descriptorsOf(await readAll(reply, DOCUMENT_BYTES_MAX))) found.push(each);
      url = nextPage(reply, beginning);
    }
    return found;
  } catch (error) {
    if (found.length === 0 && UNKNOWN.includes(Fault.from(error).kind)) return undefined;
    throw error;
  }
}

/** The following page, if it belongs to the same list. */
function nextPage(reply: HttpReply, beginning: string): string | undefined {
  const link = (reply.headers.get("link") ?? "").slice(0, LINK_LENGTH_MAX);
  const target = /<([^>]*)>\s*;\s*rel="?next"?/.exec(link)?.[1];
  const next = target === undefined ? undefined : URL.parse(target, reply.url)?.href;
  return next?.startsWith(beginning) === true ? next : undefined;
}

function descriptorsOf(bytes: Uint8Array): readonly OciDescriptor[] {
  return parseOciIndex(new TextDecoder().decode(bytes)).manifests;
}
