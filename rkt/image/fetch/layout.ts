/**
 * An OCI image layout on disk as a source. In: its directory and the name of an image in it; out:
 * documents and blobs. A digest is proven before it becomes a path.
 *
 * @see OCI Image Specification 1.1, image-layout.md
 */
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ImageReference,
  type OciDescriptor,
  type OciIndex,
  parseOciIndex,
  selectReference,
} from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { fileChunks } from "./file-chunks.ts";
import { layoutAttachments, withoutAttachments } from "./layout-attachments.ts";
import { checkBytes, DOCUMENT_BYTES_MAX, type OciSource } from "./oci-source.ts";

/** @throws {Fault} "not-found", "invalid", "ambiguous" from the source's methods */
export function openLayout(reference: ImageReference & { kind: "oci" }): OciSource {
  const { directory } = reference;
  const manifest = async (descriptor: OciDescriptor): Promise<Uint8Array> => {
    const bytes = readDocument(blobPath(directory, descriptor));
    checkBytes(bytes, descriptor);
    return bytes;
  };
  return {
    document: async () => {
      checkLayout(directory);
      const text = new TextDecoder().decode(readDocument(join(directory, "index.json")));
      const index = withoutAttachments(parseOciIndex(text));
      // Several entries without a name are the platforms of one image, as in an index.
      const unnamed = reference.reference === undefined && index.manifests.length > 1;
      if (unnamed && index.manifests.every(({ platform }) => platform !== undefined)) {
        return Buffer.from(text);
      }
      return await manifest(selectReference(index, reference.reference));
    },
    manifest,
    attachments: layoutAttachments({ index: () => readIndex(directory), manifest }),
    blob: async (descriptor, from = 0) => {
      const path = blobPath(directory, descriptor);
      closeSync(openForReading(path));
      return fileChunks(path, { from });
    },
  };
}

function readIndex(directory: string): OciIndex {
  return parseOciIndex(new TextDecoder().decode(readDocument(join(directory, "index.json"))));
}

function checkLayout(directory: string): void {
  const text = new TextDecoder().decode(readDocument(join(directory, "oci-layout")));
  const version = /"imageLayoutVersion"\s*:\s*"([^"]*)"/.exec(text)?.[1];
  if (version?.startsWith("1.") === true) return;
  const found = version === undefined ? "no version" : `version ${quote(version)}`;
  throw new Fault("unsupported", `open layout ${quote(directory)}: ${found}`);
}

function blobPath(directory: string, { digest }: OciDescriptor): string {
  const [algorithm = "", hex = ""] = digest.split(":");
  return join(directory, "blobs", algorithm, hex);
}

function readDocument(path: string): Uint8Array {
  const fd = openForReading(path);
  try {
    if (fstatSync(fd).size <= DOCUMENT_BYTES_MAX) return readFileSync(fd);
    throw new Fault("exhausted", `read ${quote(path)}: larger than ${DOCUMENT_BYTES_MAX} bytes`);
  } finally {
    closeSync(fd);
  }
}

function openForReading(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (Fault.from(error).kind !== "not-found") throw error;
    throw new Fault("not-found", `open ${path}: no such file or directory`, {
      hint: "an OCI layout is a directory with oci-layout, index.json and blobs/",
    });
  }
}
