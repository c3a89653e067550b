/**
 * The answer to a registry's challenge. In: the challenge and what we have to prove ourselves with;
 * out: an Authorization header. Asks token servers, over https unless plain HTTP was allowed.
 *
 * @see Docker Registry v2 token authentication, OAuth2
 */
import { Fault, MiB, quote } from "@shared/base";
import type { DockerLogin } from "../config/docker-config.ts";
import type { RegistryPlace } from "../config/registries.ts";
import { loginFor } from "../config/site.ts";
import { getSmall, type HttpHost, type HttpRequest } from "../http.ts";
import type { Challenge } from "./challenge.ts";
import type { Actions, RegistryOptions } from "./registry-options.ts";

const TOKEN_BYTES_MAX: number = MiB;

export interface Question {
  readonly challenge: Challenge | undefined;
  readonly place: RegistryPlace;
  readonly options: RegistryOptions & { readonly actions: Actions };
}

/**
 * Undefined where we have nothing that would answer it. @throws {Fault} "denied", "unavailable",
 * "invalid", "missing-program" (a helper of docker's)
 */
export async function answerChallenge(
  host: HttpHost,
  question: Question,
): Promise<string | undefined> {
  const { challenge, options, place } = question;
  if (challenge === undefined) return undefined;
  const { credentials } = options;
  const login: DockerLogin | undefined =
    credentials !== undefined
      ? { kind: "password", ...credentials }
      : host.site && (await loginFor(host.site(), place.registry));
  if (challenge.scheme === "bearer") return `Bearer ${await askToken(host, question, login)}`;
  return login?.kind === "password" ? basic(login) : undefined;
}

function basic({ user, password }: DockerLogin & { kind: "password" }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

async function askToken(
  host: HttpHost,
  { challenge, place, options }: Question,
  login: DockerLogin | undefined,
): Promise<string> {
  const { realm = "", service } = challenge?.parameters ?? {};
  const url = tokenServer(realm, options);
  const scope = scopeOf(challenge, place, options.actions);
  const { insecure } = options;
  const way = { insecureTls: insecure.tls, downgrade: insecure.http, ownCredentials: true };
  const request =
    login?.kind === "identity"
      ? exchange(url, { scope, service: service ?? "" }, login.token)
      : question(url, { ...(service !== undefined && { service }), scope }, login);
  const bytes = await getSmall(host, { ...request, ...way }, TOKEN_BYTES_MAX);
  return readToken(new TextDecoder().decode(bytes), realm);
}

function tokenServer(realm: string, { insecure }: RegistryOptions): URL {
  const url = URL.parse(realm);
  const allowed = url?.protocol === "https:" || (insecure.http && url?.protocol === "http:");
  if (url !== null && allowed) return url;
  throw new Fault("denied", `refuse the token server ${quote(realm)}: not an https URL`);
}

/** What the registry names, unless we want more of the repository than its first question tells. */
function scopeOf(challenge: Challenge | undefined, place: RegistryPlace, actions: Actions): string {
  const own = `repository:${place.repository}:${actions}`;
  return actions === "pull" ? (challenge?.parameters["scope"] ?? own) : own;
}

function question(
  url: URL,
  parameters: Readonly<Record<string, string>>,
  login: DockerLogin | undefined,
): HttpRequest {
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  if (login?.kind !== "password") return { url: url.href };
  url.searchParams.set("account", login.user);
  return { url: url.href, headers: { Authorization: basic(login) } };
}

/** OAuth2: an identity token stands for a user and a password. */
function exchange(
  url: URL,
  parameters: Readonly<Record<string, string>>,
  token: string,
): HttpRequest {
  const form = { grant_type: "refresh_token", client_id: "rkt", refresh_token: token };
  const content = new URLSearchParams({ ...form, ...parameters }).toString();
  return {
    url: url.href,
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: { content, sizeBytes: content.length },
  };
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
