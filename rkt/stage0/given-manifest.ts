/**
 * A pod manifest that a person wrote: it flows in with the images that it names, and the same
 * request flows out that a command line would make. What the manifest says of an app replaces what
 * the image says, wholesale. Pure.
 *
 * @see appc 0.8.11, pods.md, "Pod Manifest Schema"; rkt Documentation/subcommands/run.md
 */
import type { StoredImage } from "@rkt/image";
import type { PodManifest, RuntimeApp } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { refuseDevices } from "./app-overrides.ts";
import type { AppRequest, PodRequest } from "./pod-manifest.ts";

/**
 * The pod that a manifest describes.
 *
 * @param findImage by an id as the manifest has it
 * @throws {Fault} "invalid" where neither manifest nor image says what to run, and what
 * `findImage` throws
 */
export function requestOfManifest(
  manifest: PodManifest,
  findImage: (id: string) => StoredImage,
): PodRequest {
  return {
    apps: manifest.apps.map((app) => appRequest(app, findImage(app.image.id))),
    ...(manifest.volumes && { volumes: manifest.volumes }),
    ...(manifest.isolators && { isolators: manifest.isolators }),
    ...(manifest.annotations && { annotations: manifest.annotations }),
    ...(manifest.ports && { ports: manifest.ports }),
    ...(manifest.userAnnotations && { userAnnotations: manifest.userAnnotations }),
    ...(manifest.userLabels && { userLabels: manifest.userLabels }),
  };
}

function appRequest(given: RuntimeApp, image: StoredImage): AppRequest {
  if (given.app === undefined) refuseDevices(image);
  const app = given.app ?? image.manifest.app;
  if (app === undefined) {
    const what = `no app section in the pod manifest or the image manifest of ${quote(given.name)}`;
    throw new Fault("invalid", what);
  }
  return {
    name: given.name,
    image,
    app,
    ...(given.readOnlyRootFS !== undefined && { readOnlyRootFS: given.readOnlyRootFS }),
    ...(given.mounts && { mounts: given.mounts }),
    ...(given.annotations && { annotations: given.annotations }),
  };
}
