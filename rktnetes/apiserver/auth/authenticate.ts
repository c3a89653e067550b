/**
 * Who a request comes from: the certificate of its connection, a front proxy that vouches for its
 * user, or a bearer token. Without any it is anonymous; with credentials that mean nothing it is
 * refused. @throws {StatusFault} 401
 */
import type { Anonymous } from "./config/authentication-config.ts";
import { unauthorizedFault } from "@rktnetes/api/status-fault";
import type { ApiRequest, PeerCertificate } from "../http/api-request.ts";
import type { TokenSource, TokenVerdict } from "./tokens/token-source.ts";
import { UNKNOWN_TOKEN } from "./tokens/token-source.ts";
import { ANONYMOUS, authenticated, type User } from "./user.ts";

/** A proxy that says in headers who its users are. */
export interface FrontProxy {
  /** Common names that its certificate may have; any for none. */
  readonly allowedNames: readonly string[];
  /** Where it says so; the usual ones without it. */
  readonly headers?: FrontProxyHeaders;
}

/** Names in lower case; the first that is there counts. */
export interface FrontProxyHeaders {
  readonly username: readonly string[];
  readonly uid: readonly string[];
  readonly group: readonly string[];
  readonly extraPrefixes: readonly string[];
}

const HEADERS: FrontProxyHeaders = {
  username: ["x-remote-user"],
  uid: ["x-remote-uid"],
  group: ["x-remote-group"],
  extraPrefixes: ["x-remote-extra-"],
};

export interface AuthenticatorParts {
  readonly sources: readonly TokenSource[];
  /** Who this server is to whoever issues tokens. */
  readonly audiences: readonly string[];
  readonly anonymous: Anonymous;
  readonly frontProxy: FrontProxy | undefined;
  /** The time, in milliseconds. */
  readonly now: () => number;
}

export class Authenticator {
  readonly audiences: readonly string[];
  readonly #sources: readonly TokenSource[];
  readonly #anonymous: Anonymous;
  readonly #frontProxy: FrontProxy | undefined;
  readonly #now: () => number;
  readonly #peers = new WeakMap<PeerCertificate, User>();

  constructor({ sources, audiences, anonymous, frontProxy, now }: AuthenticatorParts) {
    this.#now = now;
    this.#sources = sources;
    this.audiences = audiences;
    this.#anonymous = anonymous;
    this.#frontProxy = frontProxy;
  }

  async authenticate(request: ApiRequest, warn: (text: string) => void): Promise<User> {
    const certificate = request.certificate();
    const isRefused = certificate !== undefined && !this.#isGood(certificate);
    if (certificate !== undefined && !isRefused) {
      const vouched = this.#vouchedFor(request, certificate);
      if (vouched !== undefined) return vouched;
      if (certificate.isClient ?? certificate.isFrontProxy !== true) return this.#peer(certificate);
    }
    const token = bearerToken(request, warn);
    if (token !== undefined) {
      const verdict = await this.check(token, this.audiences);
      if (verdict.type !== "user") throw unauthorizedFault();
      return authenticated(verdict.user);
    }
    const isLetIn =
      typeof this.#anonymous === "boolean"
        ? this.#anonymous
        : this.#anonymous.paths.includes(request.path);
    if (isRefused || !isLetIn) throw unauthorizedFault();
    return ANONYMOUS;
  }

  /** Whose a token is; the user as its source knows it. */
  async check(token: string, audiences: readonly string[]): Promise<TokenVerdict> {
    let verdict: TokenVerdict = UNKNOWN_TOKEN;
    for (const source of this.#sources) {
      const said = await source.check(token, audiences);
      if (said.type === "user") return said;
      if (said.type === "bad") verdict = said;
    }
    return verdict;
  }

  #isGood({ isRefused = false, notAfterMs }: PeerCertificate): boolean {
    return !isRefused && (notAfterMs === undefined || notAfterMs >= this.#now());
  }

  #peer(certificate: PeerCertificate): User {
    const known = this.#peers.get(certificate);
    if (known !== undefined) return known;
    const { commonName: name, organizations: groups, sha256 } = certificate;
    const id = [`X509SHA256=${sha256}`];
    const extra = sha256 === undefined ? {} : { [CREDENTIAL_ID]: id };
    const user = authenticated({ name, uid: "", groups, extra });
    this.#peers.set(certificate, user);
    return user;
  }

  #vouchedFor(request: ApiRequest, certificate: PeerCertificate): User | undefined {
    if (this.#frontProxy === undefined || certificate.isFrontProxy !== true) return undefined;
    const { allowedNames } = this.#frontProxy;
    if (allowedNames.length > 0 && !allowedNames.includes(certificate.commonName)) return undefined;
    const { headers = HEADERS } = this.#frontProxy;
    const first = (names: readonly string[]): string =>
      names.map((each) => request.header(each) ?? "").find((text) => text !== "") ?? "";
    const name = first(headers.username);
    if (name === "") return undefined;
    const extra = headers.extraPrefixes.map((prefix) => extraHeaders(request, prefix));
    return authenticated({
      name,
      uid: first(headers.uid),
      groups: headers.group.flatMap((each) => headerValues(request, each)),
      extra: Object.assign({}, ...extra) as User["extra"],
    });
  }
}

/** Says in audit logs which of a user's certificates it was. */
const CREDENTIAL_ID = "authentication.kubernetes.io/credential-id";

const EXTRA_SPACE =
  "the provided Authorization header contains extra space before the bearer token, and is ignored";

/** `Bearer <token>`, with one space; any other scheme is as good as none. */
function bearerToken(request: ApiRequest, warn: (text: string) => void): string | undefined {
  const header = request.header("authorization");
  if (header === undefined) return undefined;
  const [scheme = "", token = "", more = ""] = header.trim().split(" ");
  if (scheme.toLowerCase() !== "bearer") return undefined;
  if (token !== "") return token;
  if (more !== "") warn(EXTRA_SPACE);
  return undefined;
}

/** All values of a header that may come several times. */
export function headerValues(request: ApiRequest, name: string): readonly string[] {
  return request.headerValues(name);
}

/** Headers with a prefix: what follows it, decoded, in lower case, with its values. */
export function extraHeaders(request: ApiRequest, prefix: string): User["extra"] {
  const extra: Record<string, readonly string[]> = {};
  for (const name of request.headerNames()) {
    if (!name.startsWith(prefix) || name.length === prefix.length) continue;
    extra[decodedName(name.slice(prefix.length))] = request.headerValues(name);
  }
  return extra;
}

function decodedName(name: string): string {
  try {
    return decodeURIComponent(name).toLowerCase();
  } catch {
    return name;
  }
}
