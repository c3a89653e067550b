/**
 * A client of one repository in a registry. In: its name and, perhaps, credentials; out: documents
 * and blobs, unchecked. https, or plain http only where that was allowed. Credentials go to the
 * registry and to the token server it names.
 *
 * @see OCI Distribution Specification 1.1; Docker Registry v2 token authentication
 */
import { type DockerReference, OCI_MANIFEST_TYPES, type OciDescriptor } from "@rkt/spec";
import { Fault, MiB, quote } from "@shared/base";
import type { Credentials } from "../config/auth.ts";
import type { Insecure } from "../host.ts";
import { type Challenge, parseChallenge } from "./challenge.ts";
import { getSmall, type HttpHost, type HttpReply, httpGet, readAll, statusFault } from "../http.ts";
import { checkBytes, DOCUMENT_BYTES_MAX, type OciSource } from "./oci-source.ts";
import { registryAttachments } from "./registry-attachments.ts";
import { openWithRetry, resumed } from "./resume.ts";

export interface RegistryOptions {
  readonly insecure: Insecure;
  readonly credentials: Credentials | undefined;
}

const TOKEN_BYTES_MAX: number = MiB;

/**
 * Asks the registry how it wants to be talked to. @throws {Fault} "unavailable", "denied",
 * "timeout"
 */
export async function openRegistry(
  host: HttpHost,
  reference: DockerReference,
  options: RegistryOptions,
): Promise<OciSource> {
  const base = await findBase(host, reference.registry, options.insecure);
  const repository = `${base}/v2/${reference.repository}`;
  const get = authorised(host, reference, options);
  const document = async (name: string, bytesMax: number): Promise<Uint8Array> => {
    const url = `${repository}/manifests/${name}`;
    const accept = { Accept: OCI_MANIFEST_TYPES.join(", ") };
    return await readAll(await openWithRetry(host, () => get(url, accept), 0), bytesMax);
  };
  return {
    document: async () => await namedDocument(reference, document),
    manifest: async ({ digest }) => await document(digest, DOCUMENT_BYTES_MAX),
    blob: async ({ digest }: OciDescriptor) => {
      const open = (offset: number): Promise<HttpReply> =>
        get(`${repository}/blobs/${digest}`, offset > 0 ? { Range: `bytes=${offset}-` } : {});
      return resumed(host, await openWithRetry(host, open, 0), open);
    },
    attachments: registryAttachments({
      url: repository,
      open: async (url, headers) => await openWithRetry(host, () => get(url, headers), 0),
    }),
  };
}

async function namedDocument(
  reference: DockerReference,
  document: (name: string, bytesMax: number) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const { digest, tag = "latest" } = reference;
  try {
    const bytes = await document(digest ?? tag, DOCUMENT_BYTES_MAX);
    if (digest !== undefined) checkDigest(bytes, digest);
    return bytes;
  } catch (error) {
    if (Fault.from(error).kind !== "not-found") throw error;
    const what = `find image ${quote(`docker://${reference.text}`)}`;
    throw new Fault("not-found", what, { cause: error });
  }
}

function checkDigest(bytes: Uint8Array, digest: string): void {
  checkBytes(bytes, { mediaType: "", digest, size: bytes.length } as OciDescriptor);
}

/** https; where it does not answer and plain HTTP is allowed, http. */
async function findBase(host: HttpHost, registry: string, insecure: Insecure): Promise<string> {
  const secure = `https://${registry}`;
  try {
    await ping(host, secure, insecure);
    return secure;
  } catch (error) {
    const { kind } = Fault.from(error);
    const mute = kind === "unavailable" || kind === "timeout";
    if (!insecure.http || !mute) throw withHttpHint(error, insecure);
  }
  const plain = `http://${registry}`;
  await ping(host, plain, insecure);
  return plain;
}

function withHttpHint(error: unknown, insecure: Insecure): Fault {
  const fault = Fault.from(error);
  if (insecure.http || fault.kind !== "unavailable") return fault;
  const hint = "if the registry speaks plain HTTP: --insecure-options=http";
  return new Fault(fault.kind, fault.message, { cause: fault.cause, hint });
}

async function ping(host: HttpHost, base: string, insecure: Insecure): Promise<void> {
  const url = `${base}/v2/`;
  const reply = await httpGet(host, { url, insecureTls: insecure.tls, downgrade: insecure.http });
  await reply.body.return();
}

type Get = (url: string, headers: Readonly<Record<string, string>>) => Promise<HttpReply>;

/** GET that answers a challenge, and keeps the answer for the requests that follow. */
function authorised(host: HttpHost, reference: DockerReference, options: RegistryOptions): Get {
  const { insecure } = options;
  let authorization: string | undefined;
  const send: Get = async (url, headers) =>
    await httpGet(host, {
      url,
      headers: { ...headers, ...(authorization !== undefined && { Authorization: authorization }) },
      insecureTls: insecure.tls,
      downgrade: insecure.http,
    });
  return async (url, headers) => {
    const sent = authorization;
    const reply = await send(url, headers);
    if (reply.status !== 401) return reply;
    await reply.body.return();
    if (authorization === sent) {
      const challenge = parseChallenge(reply.headers.get("www-authenticate") ?? "");
      authorization = await answer(host, { challenge, reply, reference, options });
    }
    return await send(url, headers);
  };
}

interface Question {
  readonly challenge: Challenge | undefined;
  readonly reply: HttpReply;
  readonly reference: DockerReference;
  readonly options: RegistryOptions;
}

/** The Authorization header that the registry asks for. @throws {Fault} "denied" */
async function answer(host: HttpHost, question: Question): Promise<string> {
  const { challenge, options, reply } = question;
  if (challenge?.scheme === "bearer") return `Bearer ${await askToken(host, question)}`;
  const { credentials } = options;
  if (challenge?.scheme === "basic" && credentials !== undefined) return basic(credentials);
  throw new Fault("denied", `registry ${quote(question.reference.registry)} asks for a password`, {
    cause: statusFault(reply),
  });
}

function basic({ user, password }: Credentials): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

async function askToken(host: HttpHost, question: Question): Promise<string> {
  const { reference, options, challenge } = question;
  const { realm = "", service, scope } = challenge?.parameters ?? {};
  const url = URL.parse(realm);
  const allowed =
    url?.protocol === "https:" || (options.insecure.http && url?.protocol === "http:");
  if (url === null || !allowed) {
    throw new Fault("denied", `refuse the token server ${quote(realm)}: not an https URL`);
  }
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.set("scope", scope ?? `repository:${reference.repository}:pull`);
  const { credentials, insecure } = options;
  const headers = credentials === undefined ? {} : { Authorization: basic(credentials) };
  const request = { url: url.href, headers, insecureTls: insecure.tls };
  const bytes = await getSmall(host, request, TOKEN_BYTES_MAX);
  return readToken(new TextDecoder().decode(bytes), realm);
}

function readToken(text: string, realm: string): string {
  try {
    const { token, access_token: other } = JSON.parse(text) as Record<string, unknown>;
    const found = token ?? other;
    // What goes into a header must be one visible word.
    if (typeof found === "string" && /^[!-~]+$/.test(found)) return found;
  } catch {
    // falls through: no JSON is as good as no token
  }
  throw new Fault("unavailable", `ask ${quote(realm)} for a token: there is none in its answer`);
}
