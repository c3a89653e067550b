/**
 * Fetches an ACI with its detached signature. In: a path or URL; out: our own copy of both, in the
 * store's file system, so that what is verified is what is unpacked. Never looks inside.
 *
 * @see rkt Documentation/subcommands/fetch.md
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { Fault, GiB, MiB, quote } from "@shared/base";
import type { ImageHost, Insecure } from "../host.ts";
import { BlobWriter } from "../blob-writer.ts";
import { getSmall, type HttpReply, httpGet, readAll, statusFault } from "../http.ts";
import { openWithRetry, resumed } from "./resume.ts";
import { reported } from "./progress.ts";

const ARCHIVE_BYTES_MAX: number = 64 * GiB;
const SIGNATURE_BYTES_MAX: number = MiB;

/** Disposing it removes the copy, unless it was committed. */
export interface Download extends Disposable {
  readonly file: BlobWriter;
  readonly signature?: Uint8Array;
}

export interface ArchiveOptions {
  readonly insecure: Insecure;
  /** A file of this machine that holds the signature. */
  readonly signaturePath?: string;
}

type FetchHost = Omit<ImageHost, "keyTrees" | "self">;

/** @throws {Fault} "not-found", "invalid", "exhausted", "denied" */
export async function fetchFile(
  host: Pick<ImageHost, "store">,
  path: string,
  options: ArchiveOptions,
): Promise<Download> {
  const signature = options.insecure.image
    ? undefined
    : readSignature(options.signaturePath ?? `${path}.asc`);
  const source = openArchive(path);
  const bytesMax = ARCHIVE_BYTES_MAX;
  const download = startDownload(host, { what: path, bytesMax }, signature);
  try {
    await download.file.take(chunksOf(source));
    return download;
  } catch (error) {
    download[Symbol.dispose]();
    throw error;
  } finally {
    closeSync(source);
  }
}

function openArchive(path: string): number {
  const fd = openForReading(path);
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new Fault("invalid", `invalid image string ${quote(`file://${path}`)}`);
}

function openForReading(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    const { kind } = Fault.from(error);
    if (kind !== "not-found") throw error;
    throw new Fault("not-found", `open ${path}: no such file or directory`);
  }
}

async function* chunksOf(fd: number): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = new Uint8Array(MiB);
  for (let size = readSync(fd, buffer); size > 0; size = readSync(fd, buffer)) {
    yield buffer.subarray(0, size);
  }
}

function readSignature(path: string): Uint8Array {
  const fd = openForReading(path);
  try {
    if (fstatSync(fd).size <= SIGNATURE_BYTES_MAX) return readFileSync(fd);
    throw new Fault("exhausted", `read signature ${quote(path)}: larger than 1 MiB`);
  } finally {
    closeSync(fd);
  }
}

/** The signature comes first, as with rkt: without one the archive is not even asked for. */
export async function fetchUrl(
  host: FetchHost,
  url: string,
  options: ArchiveOptions,
): Promise<Download> {
  const signature = await fetchSignature(host, url, options);
  const open = (offset: number): Promise<HttpReply> =>
    httpGet(host, {
      url,
      insecureTls: options.insecure.tls,
      ...(offset > 0 && { headers: { Range: `bytes=${offset}-` } }),
    });
  const first = await openWithRetry(host, open, 0);
  const bytesMax = ARCHIVE_BYTES_MAX;
  const late = signature === "deferred" ? undefined : signature;
  const download = startDownload(host, { what: url, bytesMax }, late);
  try {
    const totalBytes = Number(first.headers.get("content-length") ?? Number.NaN);
    const bytes = resumed(host, first, open);
    const progress = { id: url, label: "Downloading ACI:", totalBytes };
    await download.file.take(reported(host, bytes, progress));
    if (signature !== "deferred") return download;
    return { ...download, signature: await askSignature(host, url, options.insecure) };
  } catch (error) {
    download[Symbol.dispose]();
    throw error;
  }
}

async function fetchSignature(
  host: FetchHost,
  url: string,
  options: ArchiveOptions,
): Promise<Uint8Array | "deferred" | undefined> {
  if (options.insecure.image) return undefined;
  if (options.signaturePath !== undefined) return readSignature(options.signaturePath);
  const reply = await httpGet(host, { url: `${url}.asc`, insecureTls: options.insecure.tls });
  if (reply.status === 200) return await readAll(reply, SIGNATURE_BYTES_MAX);
  await reply.body.return();
  if (reply.status !== 202) throw statusFault(reply);
  host.note("image: server requested deferring the signature download");
  return "deferred";
}

async function askSignature(host: FetchHost, url: string, insecure: Insecure): Promise<Uint8Array> {
  const request = { url: `${url}.asc`, insecureTls: insecure.tls };
  return await getSmall(host, request, SIGNATURE_BYTES_MAX);
}

function startDownload(
  host: Pick<ImageHost, "store">,
  expected: { readonly what: string; readonly bytesMax: number },
  signature: Uint8Array | undefined,
): Download {
  const file = new BlobWriter(host.store, expected);
  return {
    file,
    ...(signature !== undefined && { signature }),
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}
