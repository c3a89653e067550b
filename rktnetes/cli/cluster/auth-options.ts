/**
 * Who may enter, as flags and files say it. In: flags. Out: what the API server is told. The key
 * that signs tokens of service accounts is made on the first start; its owner alone can read it.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AuthOptions, FrontProxyHeaders } from "@rktnetes/apiserver/auth";
import type { OidcOptions } from "@rktnetes/apiserver/auth/oidc";
import { userByClaims } from "@rktnetes/apiserver/auth/oidc-claims";
import type { KeyPair } from "@rktnetes/apiserver/certificates";
import { Fault, quote, writeFileAtomic } from "@shared/base";
import type { FlagValues } from "../flags/flags.ts";
import { type AuthFiles, readAuthFileFlags } from "./auth-file-flags.ts";
import { ISSUER } from "./auth-flags.ts";
import { FRONT_PROXY_NAME } from "./cluster-directory.ts";

export interface AuthSettings {
  readonly tokenFile: string | undefined;
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly signingKeyFile: string | undefined;
  readonly formerKeyFile: string | undefined;
  readonly anonymous: boolean;
  readonly oidc: OidcSettings | undefined;
  readonly clientAuthorityFile: string | undefined;
  readonly frontProxyFile: string | undefined;
  /** Of the certificate by which this server vouches for its users; an own one without it. */
  readonly proxyClient: { readonly certificate: string; readonly key: string } | undefined;
  readonly frontProxyNames: readonly string[];
  readonly frontProxyHeaders: FrontProxyHeaders;
  readonly files: AuthFiles;
}

type OidcSettings = Omit<OidcOptions, "authority"> & { readonly authorityFile: string | undefined };

export function readAuthSettings(flags: FlagValues): AuthSettings {
  const issuer = flags.get("service-account-issuer") ?? ISSUER;
  const audiences = flags.get("api-audiences") ?? issuer;
  const anonymous = flags.get("anonymous-auth") ?? "true";
  if (anonymous !== "true" && anonymous !== "false") {
    const what = `invalid argument ${quote(anonymous)} for --anonymous-auth`;
    throw new Fault("invalid", `${what}: neither true nor false`);
  }
  return {
    tokenFile: flags.get("token-auth-file"),
    issuer,
    audiences: audiences.split(",").filter((audience) => audience !== ""),
    signingKeyFile: flags.get("service-account-signing-key-file"),
    formerKeyFile: flags.get("service-account-key-file"),
    anonymous: anonymous === "true",
    oidc: readOidcSettings(flags),
    clientAuthorityFile: flags.get("client-ca-file"),
    frontProxyFile: flags.get("requestheader-client-ca-file"),
    frontProxyNames: listOf(flags.get("requestheader-allowed-names")),
    proxyClient: readProxyClient(flags),
    frontProxyHeaders: {
      username: listOf(flags.get("requestheader-username-headers")?.toLowerCase()),
      uid: listOf(flags.get("requestheader-uid-headers")?.toLowerCase()),
      group: listOf(flags.get("requestheader-group-headers")?.toLowerCase()),
      extraPrefixes: listOf(flags.get("requestheader-extra-headers-prefix")?.toLowerCase()),
    },
    files: readAuthFileFlags(flags),
  };
}

function readProxyClient(flags: FlagValues): AuthSettings["proxyClient"] {
  const certificate = flags.get("proxy-client-cert-file");
  const key = flags.get("proxy-client-key-file");
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate === undefined || key === undefined) {
    const hint = "say --proxy-client-cert-file and --proxy-client-key-file";
    throw new Fault("invalid", "vouch for users: a certificate and its key go together", { hint });
  }
  return { certificate, key };
}

function readOidcSettings(flags: FlagValues): OidcSettings | undefined {
  const issuer = flags.get("oidc-issuer-url");
  if (issuer === undefined) return undefined;
  if (!issuer.startsWith("https://")) {
    const what = `invalid argument ${quote(issuer)} for --oidc-issuer-url`;
    throw new Fault("invalid", `${what}: it does not begin with https://`);
  }
  const clientId = flags.get("oidc-client-id");
  if (clientId === undefined) {
    const hint = "say --oidc-client-id";
    throw new Fault("invalid", "know tokens of a provider: for no client", { hint });
  }
  const claims = {
    usernameClaim: flags.get("oidc-username-claim") ?? "sub",
    usernamePrefix: flags.get("oidc-username-prefix"),
    groupsClaim: flags.get("oidc-groups-claim"),
    groupsPrefix: flags.get("oidc-groups-prefix") ?? "",
    requiredClaims: Object.fromEntries(
      listOf(flags.get("oidc-required-claim")).map((pair) => {
        const at = pair.indexOf("=");
        return [pair.slice(0, at), pair.slice(at + 1)];
      }),
    ),
  };
  return {
    issuer,
    audiences: [clientId],
    userOf: userByClaims(issuer, claims),
    algorithms: listOf(flags.get("oidc-signing-algs") ?? "RS256"),
    authorityFile: flags.get("oidc-ca-file"),
  };
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? "").split(",").filter((each) => each !== "");
}

/** @throws {Fault} for files that cannot be read */
export async function readAuthOptions(
  settings: AuthSettings,
  { dataDirectory, authority }: { readonly dataDirectory: string; readonly authority: string },
): Promise<AuthOptions> {
  const { tokenFile, issuer, audiences, signingKeyFile, formerKeyFile, anonymous } = settings;
  const signing = readKey(signingKeyFile ?? ownKeyFile(dataDirectory));
  const former = formerKeyFile === undefined ? [] : [readPublicKey(formerKeyFile)];
  const serviceAccounts = { issuer, audiences, signing, former, authority };
  return {
    serviceAccounts,
    anonymous,
    ...(tokenFile === undefined ? {} : { tokenFile: readText(tokenFile) }),
    frontProxy: { allowedNames: allowedNames(settings), headers: settings.frontProxyHeaders },
    ...(settings.oidc === undefined ? {} : { issuers: [readOidc(settings.oidc)] }),
    ...(await readConfigured(settings.files)),
  };
}

/** Nothing is loaded for flags that are not given. */
async function readConfigured(files: AuthFiles): Promise<Partial<AuthOptions>> {
  const { authentication, authorization, modes, tokenWebhook, accessWebhook } = files;
  const isUsual = modes.join(",") === "Node,RBAC";
  const all = [authentication, authorization, tokenWebhook, accessWebhook];
  if (isUsual && all.every((each) => each === undefined)) return {};
  const { readAuthFiles } = await import("./auth-files.ts");
  return await readAuthFiles(files, readText);
}

function readOidc({ authorityFile, ...rest }: OidcSettings): OidcOptions {
  const authority = authorityFile === undefined ? undefined : readText(authorityFile);
  return { ...rest, authority };
}

/** Common names that front proxies may have; any for none. */
function allowedNames(settings: AuthSettings): readonly string[] {
  return settings.frontProxyFile === undefined ? [FRONT_PROXY_NAME] : settings.frontProxyNames;
}

/** The same, with the name under which this server itself speaks for its users. */
export function announcedNames(settings: AuthSettings): readonly string[] {
  const names = allowedNames(settings);
  return names.length === 0 || names.includes(FRONT_PROXY_NAME)
    ? names
    : [...names, FRONT_PROXY_NAME];
}

/** The key and certificate by which this server vouches for its users: `own` without files. */
export function readFrontProxyClient({ proxyClient }: AuthSettings, own: KeyPair): KeyPair {
  if (proxyClient === undefined) return own;
  const { certificate, key } = proxyClient;
  return { certificate: readText(certificate), key: readText(key) };
}

/** PEM of all who sign certificates of users. @throws {Fault} when the file cannot be read */
export function readClientAuthority({ clientAuthorityFile }: AuthSettings, own: string): string {
  return clientAuthorityFile === undefined ? own : `${own}${readText(clientAuthorityFile)}`;
}

/** PEM of whoever signs certificates of front proxies: this cluster's own without a file. */
export function readFrontProxyAuthority({ frontProxyFile }: AuthSettings, own: string): string {
  return frontProxyFile === undefined ? own : readText(frontProxyFile);
}

function ownKeyFile(dataDirectory: string): string {
  const file = join(dataDirectory, "pki", "service-account.key");
  if (existsSync(file)) return file;
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  try {
    writeFileAtomic(file, pem, { mode: 0o600 });
  } catch (error) {
    throw new Fault("denied", `write ${quote(file)}`, { cause: error });
  }
  return file;
}

function readKey(file: string): KeyObject {
  try {
    return createPrivateKey(readText(file));
  } catch (error) {
    throw new Fault("invalid", `read the private key ${quote(file)}`, { cause: error });
  }
}

function readPublicKey(file: string): KeyObject {
  try {
    return createPublicKey(readText(file));
  } catch (error) {
    throw new Fault("invalid", `read the public key ${quote(file)}`, { cause: error });
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Fault("not-found", `read ${quote(file)}`, { cause: error });
  }
}
