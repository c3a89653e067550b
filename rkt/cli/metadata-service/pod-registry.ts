/**
 * What the metadata service knows: pods by UUID and by token, with the manifests that were
 * registered. In memory only; a service that is started again knows none, as in rkt.
 */
import type { ImageManifest, NameValue, PodManifest } from "@rkt/spec";

export interface RegisteredPod {
  readonly uuid: string;
  /** Whoever has it is taken for the pod. */
  readonly token: string;
  readonly manifest: PodManifest;
  /** By the name of the app. */
  readonly images: Map<string, ImageManifest>;
}

export class PodRegistry {
  readonly #byUuid = new Map<string, RegisteredPod>();
  readonly #byToken = new Map<string, RegisteredPod>();

  /** A pod that is there already is replaced, with its token. */
  add(pod: Omit<RegisteredPod, "images">): void {
    this.remove(pod.uuid);
    const registered = { ...pod, images: new Map<string, ImageManifest>() };
    this.#byUuid.set(pod.uuid, registered);
    this.#byToken.set(pod.token, registered);
  }

  /** False where no such pod is registered. */
  addImage(uuid: string, app: string, manifest: ImageManifest): boolean {
    return this.#byUuid.get(uuid)?.images.set(app, manifest) !== undefined;
  }

  /** False where there was none. */
  remove(uuid: string): boolean {
    const pod = this.#byUuid.get(uuid);
    if (pod === undefined) return false;
    this.#byUuid.delete(uuid);
    return this.#byToken.delete(pod.token);
  }

  withToken(token: string): RegisteredPod | undefined {
    return this.#byToken.get(token);
  }
}

/** Annotations of the image, and those of the app, which win. */
export function annotationsOfApp(pod: RegisteredPod, name: string): readonly NameValue[] {
  const ofApp = pod.manifest.apps.find((app) => app.name === name)?.annotations ?? [];
  const ofImage = pod.images.get(name)?.annotations ?? [];
  const all = new Map([...ofImage, ...ofApp].map((each) => [each.name, each.value]));
  return [...all].map(([each, value]) => ({ name: each, value }));
}
