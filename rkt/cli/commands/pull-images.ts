/**
 * The images that a command line names, brought into the store: the common part of `run` and
 * `fetch`.
 */
import { existsSync, statSync } from "node:fs";
import { pull, type Store, type StoredImage } from "@rkt/image";
import { parseImageReference } from "@rkt/spec";
import { settingsOf } from "../flags/app.ts";
import { ownPlatform, platform } from "../flags/platform.ts";
import type { PullPolicy } from "../flags/pull-policy.ts";
import type { AppArguments } from "../grammar/app-arguments.ts";
import type { Call } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { imageHostOf, insecureOf } from "./image-host.ts";

export interface Pulling {
  readonly store: Store;
  readonly policy: PullPolicy;
}

/**
 * One image for each of the command line, in its order. All references are read before the first is
 * fetched.
 */
export async function* pullImages(
  host: Host,
  call: Call,
  { store, policy }: Pulling,
): AsyncGenerator<StoredImage> {
  const imageHost = imageHostOf(host, call, store);
  const asked = call.flags.get(platform);
  const insecure = insecureOf(call);
  const references = call.apps.map((app) => parseImageReference(app.image, { exists: isFile }));
  for (const [at, reference] of references.entries()) {
    const chosen = { platform: asked ?? ownPlatform(), platformAsked: asked !== undefined };
    const options = { policy, insecure, ...chosen, ...signatureOf(call.apps[at]) };
    yield await pull(imageHost, reference, options);
  }
}

function signatureOf(app: AppArguments | undefined): { signaturePath?: string } {
  const path = app && settingsOf(app).signaturePath;
  return path === undefined || path === "" ? {} : { signaturePath: path };
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}
