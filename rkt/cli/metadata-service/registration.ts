/**
 * The service's socket for stage0 and stage1: `PUT /pods/<uuid>?token=…` with a pod manifest,
 * `PUT /pods/<uuid>/<app>` with an image manifest, `DELETE /pods/<uuid>`. Requests flow in, the
 * registry changes. Whoever may open the socket is trusted; what it sends is checked all the same.
 */
import { type ImageManifest, parseImageManifest, parsePodManifest } from "@rkt/spec";
import { describeFault, quote } from "@shared/base";
import { done, notFound, refusal } from "./answer.ts";
import type { PodRegistry } from "./pod-registry.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export async function answerRegistration(
  registry: PodRegistry,
  request: Request,
): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const [, given, app] = /^\/pods\/([^/]+)(?:\/(.*))?$/.exec(pathname) ?? [];
  if (given === undefined) return notFound();
  const isKnown = request.method === "PUT" || (request.method === "DELETE" && app === undefined);
  if (!isKnown) return notFound();
  if (!UUID.test(given)) {
    return refusal(400, `UUID is missing or malformed: invalid UUID ${quote(given)}`);
  }
  const uuid = given.toLowerCase();
  if (request.method === "DELETE") {
    return registry.remove(uuid) ? done() : refusal(404, "pod not found");
  }
  const text = await request.text();
  if (app === undefined) return addPod(registry, { uuid, token: searchParams.get("token"), text });
  return addImage(registry, { uuid, app: decodeURIComponent(app), text });
}

interface GivenPod {
  readonly uuid: string;
  readonly token: string | null;
  readonly text: string;
}

function addPod(registry: PodRegistry, { uuid, token, text }: GivenPod): Response {
  if (token === null || token === "") return refusal(400, "token missing");
  try {
    registry.add({ uuid, token, manifest: parsePodManifest(text) });
    return done();
  } catch (error) {
    return refusal(400, `JSON-decoding failed: ${describeFault(error)}`);
  }
}

interface GivenImage {
  readonly uuid: string;
  readonly app: string;
  readonly text: string;
}

function addImage(registry: PodRegistry, { uuid, app, text }: GivenImage): Response {
  if (app === "") return refusal(400, "app missing");
  let manifest: ImageManifest;
  try {
    manifest = parseImageManifest(text);
  } catch (error) {
    return refusal(400, `JSON-decoding failed: ${describeFault(error)}`);
  }
  const added = registry.addImage(uuid, app, manifest);
  return added ? done() : refusal(404, "Pod with given UUID not found");
}
