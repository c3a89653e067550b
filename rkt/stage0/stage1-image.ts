/** The stage1 of a pod, as its own manifest describes it. Reads one file, writes nothing. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ImageManifest, parseImageManifest } from "@rkt/spec";
import {
  type Entrypoint,
  entrypointAnnotation,
  INTERFACE_VERSION_ANNOTATION,
  podPaths,
} from "@rkt/stage1/contract";
import { Fault } from "@shared/base";

/** The manifest that preparation wrote into the pod. */
export function readStage1Manifest(pod: string): ImageManifest {
  try {
    return parseImageManifest(readFileSync(podPaths.stage1Manifest(pod), "utf8"));
  } catch (error) {
    throw new Fault("corrupt", "read the pod's stage1 manifest", { cause: error });
  }
}

/** Path of an entrypoint's program in the pod; undefined where this stage1 has none. */
export function entrypointPath(
  stage1: ImageManifest,
  pod: string,
  entrypoint: Entrypoint,
): string | undefined {
  const path = annotation(stage1, entrypointAnnotation(entrypoint));
  return path === undefined ? undefined : join(podPaths.stage1Root(pod), path);
}

/** What this stage1 understands; the first interface version was not written down. */
export function interfaceVersion(stage1: ImageManifest): number {
  return Number(annotation(stage1, INTERFACE_VERSION_ANNOTATION) ?? 1);
}

function annotation(stage1: ImageManifest, name: string): string | undefined {
  return stage1.annotations?.find((each) => each.name === name)?.value;
}
