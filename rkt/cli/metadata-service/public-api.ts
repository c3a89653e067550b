/**
 * What apps ask: `http://<host>:18112/<token>/acMetadata/v1/…`. Requests flow in, answers about the
 * one pod that the token names flow out. Nothing here changes the registry.
 *
 * @see appc 0.8.11 ace.md, "App Container Metadata Service"
 */
import { timingSafeEqual } from "node:crypto";
import {
  type NameValue,
  parseAcIdentifier,
  parseAcName,
  printImageManifest,
  printPodManifest,
} from "@rkt/spec";
import { quote } from "@shared/base";
import { ascii, done, json, notFound, refusal } from "./answer.ts";
import { annotationsOfApp, type PodRegistry, type RegisteredPod } from "./pod-registry.ts";

/** For signatures of pods; made when the service starts, and never told. */
export type HmacKey = Uint8Array;

export async function answerPublic(
  registry: PodRegistry,
  key: HmacKey,
  request: Request,
): Promise<Response> {
  const path = new URL(request.url).pathname;
  const [, token = "", rest] = /^\/([^/]+)\/acMetadata\/v1\/(.+)$/.exec(path) ?? [];
  if (rest === undefined) return notFound();
  if (request.method === "POST" && rest === "pod/hmac/verify") return await verify(key, request);
  const answer = request.method === "POST" ? undefined : readAnswer(decodePath(rest));
  const signs = request.method === "POST" && rest === "pod/hmac/sign";
  if (!signs && (answer === undefined || request.method !== "GET")) return notFound();
  const pod = registry.withToken(token);
  if (pod === undefined) return refusal(401, "pod not found\n");
  return answer === undefined ? await sign(key, pod, request) : answer(pod);
}

type Answer = (pod: RegisteredPod) => Response;

function readAnswer(path: string): Answer | undefined {
  const [, app, ofApp] =
    /^apps\/(.+?)\/(annotations(?:\/.*)?|image\/(?:manifest|id))$/.exec(path) ?? [];
  if (app !== undefined && ofApp !== undefined) return (pod) => answerApp(pod, app, ofApp);
  switch (path) {
    case "pod/annotations":
      return ({ manifest }) => json(JSON.stringify(manifest.annotations ?? []));
    case "pod/manifest":
      return ({ manifest }) => json(printPodManifest(manifest, { pretty: false }));
    case "pod/uuid":
      return ({ uuid }) => ascii(uuid);
  }
  const [, name] = /^pod\/annotations\/(.*)$/.exec(path) ?? [];
  if (name === undefined) return undefined;
  return ({ manifest }) => answerAnnotation("Pod annotation", manifest.annotations ?? [], name);
}

function answerApp(pod: RegisteredPod, app: string, what: string): Response {
  const image = pod.images.get(app);
  if (image === undefined) return refusal(404, "app not found\n");
  if (!isAcName(app)) return refusal(400, `App name ${quote(app)} is not a valid AC Name`);
  switch (what) {
    case "annotations":
      return json(JSON.stringify(annotationsOfApp(pod, app)));
    case "image/manifest":
      return json(printImageManifest(image, { pretty: false }));
    case "image/id":
      return imageId(pod, app);
  }
  const name = what.slice("annotations/".length);
  return answerAnnotation("App annotation", annotationsOfApp(pod, app), name);
}

function imageId({ manifest }: RegisteredPod, name: string): Response {
  const id = manifest.apps.find((app) => app.name === name)?.image.id;
  return id === undefined ? refusal(404, "app not found\n") : ascii(id);
}

function answerAnnotation(what: string, all: readonly NameValue[], name: string): Response {
  if (!isAcIdentifier(name)) {
    return refusal(400, `${what} ${quote(name)} is not a valid AC Identifier`);
  }
  const value = all.find((each) => each.name === name)?.value;
  return value === undefined ? refusal(404, `${what} ${quote(name)} not found`) : ascii(value);
}

/** The signature of a pod stands for its UUID and the content together. */
function signatureOf(key: HmacKey, uuid: string, content: string): Buffer {
  const bytes = Buffer.from(uuid.replaceAll("-", ""), "hex");
  return new Bun.CryptoHasher("sha512", key).update(bytes).update(content).digest();
}

async function sign(key: HmacKey, { uuid }: RegisteredPod, request: Request): Promise<Response> {
  const form = await readForm(request);
  const content = form("content");
  if (content === "") return refusal(400, "content form value not found");
  return ascii(signatureOf(key, uuid, content).toString("base64"));
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

async function verify(key: HmacKey, request: Request): Promise<Response> {
  const form = await readForm(request);
  const [uuid, content, signature] = [form("uuid"), form("content"), form("signature")];
  if (!UUID.test(uuid)) {
    return refusal(400, `uuid field missing or malformed: invalid UUID ${quote(uuid)}`);
  }
  if (content === "") return refusal(400, "content field missing");
  if (!BASE64.test(signature)) {
    return refusal(400, "signature field missing or corrupt: it is not base64");
  }
  const [given, wanted] = [Buffer.from(signature, "base64"), signatureOf(key, uuid, content)];
  const isGood = given.length === wanted.length && timingSafeEqual(given, wanted);
  return isGood ? done() : refusal(403, "");
}

/** The value of a field: of the body, or else of the query; empty where neither has it. */
async function readForm(request: Request): Promise<(field: string) => string> {
  const query = new URL(request.url).searchParams;
  const fields = new Map<string, string>();
  try {
    for (const [name, value] of await request.formData()) {
      if (typeof value === "string" && !fields.has(name)) fields.set(name, value);
    }
  } catch {
    // no form in the body
  }
  return (field) => fields.get(field) ?? query.get(field) ?? "";
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function isAcName(text: string): boolean {
  return passes(() => parseAcName(text));
}

function isAcIdentifier(text: string): boolean {
  return passes(() => parseAcIdentifier(text));
}

function passes(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}
