/**
 * An OCI image layout on disk as a source. In: its directory and the name of an image in it; out:
 * documents and blobs. A digest is proven before it becomes a path.
 *
 * @see OCI Image Specification 1.1, image-layout.md
 */
import { closeSync, existsSync, fstatSync, openSync, readFileSync } from "node:fs";
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

/** The files of a layout, in a directory or in an archive. */
export interface LayoutFiles {
  /** For messages. */
  readonly place: string;
  readonly has: (name: string) => boolean;
  /** @throws {Fault} "not-found"; "exhausted" for more than `bytesMax` bytes */
  readonly read: (name: string, bytesMax: number) => Uint8Array;
  /** Its bytes from an offset on. @throws {Fault} "not-found" */
  readonly chunks: (name: string, from: number) => AsyncIterable<Uint8Array>;
}

export type LayoutOrigin = ImageReference & { kind: "oci" };

/** @throws {Fault} "not-found", "invalid", "ambiguous" from the source's methods */
export function openLayout({ directory, reference }: LayoutOrigin): OciSource {
  return layoutSource(filesOf(directory), reference);
}

/** The image of that name; without a name the only one. */
export function layoutSource(files: LayoutFiles, reference: string | undefined): OciSource {
  const manifest = async (descriptor: OciDescriptor): Promise<Uint8Array> => {
    const bytes = files.read(blobName(descriptor), DOCUMENT_BYTES_MAX);
    checkBytes(bytes, descriptor);
    return bytes;
  };
  return {
    document: async () => {
      checkLayout(files);
      const text = readLayoutText(files, "index.json");
      const index = withoutAttachments(parseOciIndex(text));
      // Several entries without a name are the platforms of one image, as in an index.
      const unnamed = reference === undefined && index.manifests.length > 1;
      if (unnamed && index.manifests.every(({ platform }) => platform !== undefined)) {
        return Buffer.from(text);
      }
      return await manifest(selectReference(index, reference));
    },
    manifest,
    attachments: layoutAttachments({ index: () => readLayoutIndex(files), manifest }),
    blob: async (descriptor, from = 0) => files.chunks(blobName(descriptor), from),
  };
}

/** Everything that the layout names, attachments included. @throws {Fault} "invalid" */
export function readLayoutIndex(files: LayoutFiles): OciIndex {
  return parseOciIndex(readLayoutText(files, "index.json"));
}

function readLayoutText(files: LayoutFiles, name: string): string {
  return new TextDecoder().decode(files.read(name, DOCUMENT_BYTES_MAX));
}

function filesOf(directory: string): LayoutFiles {
  const path = (name: string): string => join(directory, name);
  return {
    place: directory,
    has: (name) => existsSync(path(name)),
    read: (name, bytesMax) => readDocument(path(name), bytesMax),
    chunks: (name, from) => {
      closeSync(openForReading(path(name)));
      return fileChunks(path(name), { from });
    },
  };
}

function checkLayout(files: LayoutFiles): void {
  const text = readLayoutText(files, "oci-layout");
  const version = /"imageLayoutVersion"\s*:\s*"([^"]*)"/.exec(text)?.[1];
  if (version?.startsWith("1.") === true) return;
  const found = version === undefined ? "no version" : `version ${quote(version)}`;
  throw new Fault("unsupported", `open layout ${quote(files.place)}: ${found}`);
}

function blobName({ digest }: OciDescriptor): string {
  return `blobs/${digest.replace(":", "/")}`;
}

function readDocument(path: string, bytesMax: number): Uint8Array {
  const fd = openForReading(path);
  try {
    if (fstatSync(fd).size <= bytesMax) return readFileSync(fd);
    throw new Fault("exhausted", `read ${quote(path)}: larger than ${bytesMax} bytes`);
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
