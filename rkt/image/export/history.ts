/**
 * How a stored image came to be. In: an image of the store; out: its steps, newest first, with what
 * each weighs. Of an ACI all that is known is the archive itself.
 */
import { readFileSync } from "node:fs";
import { type OciStep, parseOciHistory, parseOciManifest, valueOf } from "@rkt/spec";
import { assert } from "@shared/base";
import type { StoredImage } from "../image.ts";
import type { Store } from "../store/store.ts";

/** One step; the newest is the top layer. */
export interface HistoryStep {
  /** Milliseconds since the epoch; absent where nobody told. */
  readonly createdMs?: number;
  readonly createdBy: string;
  readonly comment: string;
  /** Of the layer as fetched, in bytes; 0 for a step that changed no file. */
  readonly sizeBytes: number;
  /** Digest of the layer as fetched. */
  readonly digest?: string;
}

/** Newest first. @throws {Fault} "corrupt", "invalid" when the stored documents are damaged */
export function historyOf(
  store: Pick<Store, "blobsOf" | "blobPath">,
  image: StoredImage,
): HistoryStep[] {
  return image.format === "oci" ? ociHistory(store, image) : [archiveStep(store, image)];
}

function archiveStep(store: Pick<Store, "blobsOf">, image: StoredImage): HistoryStep {
  const { manifest } = image;
  const dependencies = (manifest.dependencies ?? []).map(({ imageName }) => imageName);
  const digest = store.blobsOf(image.id)[0];
  return {
    ...timeOf(valueOf(manifest.annotations, "created")),
    createdBy: valueOf(manifest.annotations, "authors") ?? "",
    comment: dependencies.length === 0 ? "" : `on ${dependencies.join(", ")}`,
    sizeBytes: image.sizeBytes,
    ...(digest !== undefined && { digest }),
  };
}

function ociHistory(store: Pick<Store, "blobsOf" | "blobPath">, image: StoredImage): HistoryStep[] {
  const [manifestDigest, configDigest] = store.blobsOf(image.id);
  assert(manifestDigest !== undefined && configDigest !== undefined, "both documents are stored");
  const read = (digest: typeof manifestDigest): string =>
    readFileSync(store.blobPath(digest), "utf8");
  const { layers } = parseOciManifest(read(manifestDigest));
  const told = parseOciHistory(read(configDigest));
  const changing = told.filter(({ isEmptyLayer }) => !isEmptyLayer).length;
  // A configuration need not tell of all layers, or of any.
  const silent: OciStep[] = layers.slice(changing).map(() => ({ isEmptyLayer: false }));
  const remaining = [...layers];
  return [...silent, ...told]
    .map((step) => stepOf(step, step.isEmptyLayer ? undefined : remaining.shift()))
    .reverse();
}

function stepOf(
  step: OciStep,
  layer: { readonly size: number; readonly digest: string } | undefined,
): HistoryStep {
  return {
    ...timeOf(step.created),
    createdBy: step.createdBy ?? "",
    comment: step.comment ?? "",
    sizeBytes: layer?.size ?? 0,
    ...(layer !== undefined && { digest: layer.digest }),
  };
}

function timeOf(text: string | undefined): { createdMs?: number } {
  const createdMs = Date.parse(text ?? "");
  return Number.isNaN(createdMs) ? {} : { createdMs };
}
