/** A blob that is small enough for memory, whole and checked. */
import type { OciDescriptor } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { checkBytes, DOCUMENT_BYTES_MAX, type OciSource } from "./oci-source.ts";

/** @throws {Fault} "exhausted" too large · "corrupt", and the source's faults */
export async function readSmallBlob(
  source: Pick<OciSource, "blob">,
  descriptor: OciDescriptor,
  bytesMax: number = DOCUMENT_BYTES_MAX,
): Promise<Uint8Array> {
  const { digest, size } = descriptor;
  if (size > bytesMax) {
    throw new Fault("exhausted", `fetch ${quote(digest)}: ${size} bytes are too many`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of await source.blob(descriptor)) {
    bytes += chunk.length;
    if (bytes > size)
      throw new Fault("corrupt", `fetch ${quote(digest)}: larger than ${size} bytes`);
    chunks.push(chunk);
  }
  const whole = Buffer.concat(chunks);
  checkBytes(whole, descriptor);
  return whole;
}
