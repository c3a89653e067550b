/**
 * Fetches an ACI with its detached signature. In: a path or URL; out: our own copy of both, in the
 * store's file system, so that what is verified is what is unpacked. Never looks inside.
 *
 * @see rkt Documentation/subcommands/fetch.md
 */
import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { Fault, type FaultKind, GiB, MiB, quote } from "@shared/base";
import type { ImageHost, Insecure } from "../host.ts";
import { BlobWriter, type Expected } from "../blob-writer.ts";
import {
  getSmall,
  type HttpReply,
  type HttpRequest,
  httpGet,
  readAll,
  statusFault,
} from "../http.ts";
import { type Validity, validityOf } from "./freshness.ts";
import { type OpenAt, openWithRetry, resumed } from "./resume.ts";
import { reported } from "./progress.ts";

const ARCHIVE_BYTES_MAX: number = 64 * GiB;
const SIGNATURE_BYTES_MAX: number = MiB;

/** Disposing it removes the copy, unless it was committed. */
export interface Download extends Disposable {
  readonly file: BlobWriter;
  readonly signature?: Uint8Array;
  /** What the server said of the archive; absent for files. */
  readonly validity?: Validity;
}

export interface ArchiveOptions {
  readonly insecure: Insecure;
  /** A file of this machine that holds the signature. */
  readonly signaturePath?: string;
  /** Where the signature is; the archive's URL with `.asc` after its path unless told. */
  readonly signatureUrl?: string;
  /** Entity tag of the archive that the store has from this URL: it is not sent again. */
  readonly etag?: string;
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

const UNSIGNED =
  "no signature beside the archive: name one with --signature, " +
  "or run it unproven with --insecure-options=image";

function openForReading(path: string, hint?: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    const { kind } = Fault.from(error);
    if (kind !== "not-found") throw error;
    const options = hint === undefined ? {} : { hint };
    throw new Fault("not-found", `open ${path}: no such file or directory`, options);
  }
}

async function* chunksOf(fd: number): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = new Uint8Array(MiB);
  for (let size = readSync(fd, buffer); size > 0; size = readSync(fd, buffer)) {
    yield buffer.subarray(0, size);
  }
}

function readSignature(path: string): Uint8Array {
  const fd = openForReading(path, UNSIGNED);
  try {
    if (fstatSync(fd).size <= SIGNATURE_BYTES_MAX) return readFileSync(fd);
    throw new Fault("exhausted", `read signature ${quote(path)}: larger than 1 MiB`);
  } finally {
    closeSync(fd);
  }
}

/**
 * Undefined when the archive is still the one of `etag`. Otherwise the signature comes first, as
 * with rkt: without one the archive is not even asked for.
 */
export async function fetchUrl(
  host: FetchHost,
  url: string,
  options: ArchiveOptions,
): Promise<Download | undefined> {
  const { etag = "" } = options;
  const conditional = etag === "" ? undefined : await openUnless(host, url, options);
  if (conditional?.status === 304) return undefined;
  const signature = await fetchSignature(host, url, options);
  const open = opener(host, url, options);
  const first = conditional ?? (await openWithRetry(host, (offset) => open(offset, ""), 0));
  const validity = validityOf(first.headers);
  const late = signature === "deferred" ? undefined : signature;
  const download = startDownload(host, expectedOf(url, first.headers, validity), late);
  try {
    await receive(host, download.file, { url, first, open: (at) => open(at, validity.etag) });
    if (signature !== "deferred") return { ...download, validity };
    return { ...download, validity, signature: await askSignature(host, url, options) };
  } catch (error) {
    if (KEEPING.includes(Fault.from(error).kind)) download.file.keep();
    download[Symbol.dispose]();
    throw error;
  }
}

/** Failures that say nothing against the bytes that came. */
const KEEPING: readonly FaultKind[] = ["unavailable", "timeout", "canceled"];

/** Only a strong tag says that bytes of two answers belong together. */
function expectedOf(url: string, headers: Headers, { etag }: Validity): Expected {
  const expected = { what: url, bytesMax: ARCHIVE_BYTES_MAX };
  const length = headers.get("content-length");
  if (length === null || etag === "" || etag.startsWith("W/")) return expected;
  const key = createHash("sha256")
    .update(JSON.stringify([url, etag]))
    .digest("hex");
  const sizeBytes = Number(length);
  return { ...expected, sizeBytes, resumable: true, partialKey: `sha256:${key}` };
}

interface Arrival {
  readonly url: string;
  readonly first: HttpReply;
  readonly open: OpenAt;
}

/** The whole archive: what an earlier process left, then the rest. */
async function receive(host: FetchHost, file: BlobWriter, arrival: Arrival): Promise<void> {
  const { url, first } = arrival;
  for await (const _known of file.earlier());
  const totalBytes = Number(first.headers.get("content-length") ?? Number.NaN);
  const doneBytes = file.bytes;
  const progress = { id: url, label: "Downloading ACI:", totalBytes, doneBytes };
  await file.take(reported(host, remaining(host, doneBytes, arrival), progress));
}

async function* remaining(
  host: FetchHost,
  doneBytes: number,
  { first, open }: Arrival,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (doneBytes === 0) {
    yield* resumed(host, first, open);
    return;
  }
  await first.body.return();
  if (doneBytes === Number(first.headers.get("content-length"))) return;
  yield* resumed(host, await openWithRetry(host, open, doneBytes), open, doneBytes);
}

/** An answer with the archive, or with status 304 and nothing. */
async function openUnless(
  host: FetchHost,
  url: string,
  { etag = "", insecure }: ArchiveOptions,
): Promise<HttpReply> {
  const headers = { "If-None-Match": etag };
  const ask = (): Promise<HttpReply> =>
    httpGet(host, { url, headers, insecureTls: insecure.tls, downgrade: insecure.http });
  const reply = await ask();
  if (reply.status === 304) await reply.body.return();
  if (reply.status === 200 || reply.status === 304) return reply;
  await reply.body.return();
  return await openWithRetry(host, ask, 0);
}

/** Opens the archive at an offset, while it is the one of that entity tag. */
function opener(
  host: FetchHost,
  url: string,
  { insecure }: ArchiveOptions,
): (offset: number, etag: string) => Promise<HttpReply> {
  return async (offset, etag) => {
    // Only a strong tag may stand here.
    const same = etag === "" || etag.startsWith("W/") ? {} : { "If-Range": etag };
    const headers = offset > 0 ? { Range: `bytes=${offset}-`, ...same } : {};
    const request = { url, headers, insecureTls: insecure.tls, downgrade: insecure.http };
    const reply = await httpGet(host, request);
    const now = reply.headers.get("etag") ?? "";
    if (offset === 0 || reply.status >= 300 || now === etag) return reply;
    await reply.body.return();
    throw new Fault("corrupt", `get ${quote(url)}: it changed while it was downloaded`);
  };
}

async function fetchSignature(
  host: FetchHost,
  url: string,
  options: ArchiveOptions,
): Promise<Uint8Array | "deferred" | undefined> {
  if (options.insecure.image) return undefined;
  if (options.signaturePath !== undefined) return readSignature(options.signaturePath);
  const request = signatureRequest(url, options);
  host.note(`image: downloading signature from ${request.url}`);
  const reply = await httpGet(host, request);
  if (reply.status === 200) return await readAll(reply, SIGNATURE_BYTES_MAX);
  await reply.body.return();
  if (reply.status !== 202) throw statusFault(reply);
  host.note("image: server requested deferring the signature download");
  return "deferred";
}

async function askSignature(
  host: FetchHost,
  url: string,
  options: ArchiveOptions,
): Promise<Uint8Array> {
  return await getSmall(host, signatureRequest(url, options), SIGNATURE_BYTES_MAX);
}

function signatureRequest(url: string, options: ArchiveOptions): HttpRequest {
  const { insecure, signatureUrl = besideArchive(url) } = options;
  return { url: signatureUrl, insecureTls: insecure.tls, downgrade: insecure.http };
}

function besideArchive(archive: string): string {
  const url = new URL(archive);
  url.pathname += ".asc";
  return url.href;
}

function startDownload(
  host: Pick<ImageHost, "store">,
  expected: Expected,
  signature: Uint8Array | undefined,
): Download {
  const file = new BlobWriter(host.store, expected);
  return {
    file,
    ...(signature !== undefined && { signature }),
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}
