/**
 * What an app of an ended pod left: an open pod flows in, its tree and its image's manifest flow
 * out. Reads only; the pod stays while this process holds it.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type ImageManifest, parseImageManifest } from "@rkt/spec";
import { podPaths } from "@rkt/stage1/contract";
import { Fault, quote } from "@shared/base";
import { enterMountNamespace, mountEndedAppRoot } from "./app-root.ts";
import type { Stage0Host } from "./host.ts";
import { readPodManifest } from "./list.ts";
import { pathOf, type Pod, stateOfPod } from "./pod-dir.ts";

/** An app after its end. */
export interface EndedApp {
  /** Of the image that the app was made of. */
  readonly manifest: ImageManifest;
  /** Absolute path of its root, valid in this process only. */
  readonly tree: string;
}

/**
 * The root of an app as it left it. This process gets a mount namespace and the pod as its working
 * directory, so it must end soon after, and must use synchronous calls only.
 *
 * @throws {Fault} "precondition" unless the pod has ended, "not-found" or "ambiguous" for the app
 */
export function openAppTree(
  host: Pick<Stage0Host, "kernel">,
  pod: Pod,
  wanted: string | undefined,
): EndedApp {
  const state = stateOfPod(host, pod);
  if (state !== "exited" && state !== "exited garbage") {
    throw new Fault("precondition", "pod is not exited. Only exited pods can be exported");
  }
  const app = chooseApp(pod, wanted);
  // Shared, so that others may look, but none may remove.
  if (!host.kernel.flock(pod.fd, "shared", { wait: false })) {
    throw new Fault("precondition", `pod ${quote(pod.uuid)} is in use by another command`);
  }
  const path = pathOf(pod);
  const manifest = parseImageManifest(readFileSync(podPaths.appImageManifest(path, app), "utf8"));
  enterMountNamespace(host.kernel, path);
  mountEndedAppRoot(host.kernel, resolve(pod.dataDir), app);
  return { manifest, tree: podPaths.appRoot(path, app) };
}

function chooseApp(pod: Pod, wanted: string | undefined): string {
  const names = readPodManifest(pod).apps.map(({ name }) => name);
  const fail = (kind: "not-found" | "ambiguous", what: string): Fault =>
    new Fault(kind, "unable to find app", {
      cause: new Fault(kind, what),
      hint: `It has: ${names.join(", ")}`,
    });
  if (wanted !== undefined) {
    if (names.includes(wanted)) return wanted;
    throw fail("not-found", `app ${wanted} is not present in pod`);
  }
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  throw fail("ambiguous", 'specify app using "rkt export --app= ..."');
}
