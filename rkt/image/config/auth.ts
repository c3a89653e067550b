/**
 * `auth.d`: who we are for servers of archives (rktKind "auth") and for registries ("dockerAuth").
 * Documents in, credentials by domain and by registry out. Sends nothing.
 *
 * @see rkt Documentation/configuration.md, "rktKind: auth", "rktKind: dockerAuth"
 */
import { type JsonObject, readObject, readText, readTexts } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { type ConfigDirectory, readConfigTree } from "./config-tree.ts";

/** What a person proves themselves with to a registry. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Guessed from the host where it is not said. */
  readonly region: string | undefined;
}

export type HttpAuth =
  | ({ readonly type: "basic" } & Credentials)
  | { readonly type: "oauth"; readonly token: string }
  | ({ readonly type: "aws" } & AwsKeys);

export interface Auth {
  readonly domains: ReadonlyMap<string, HttpAuth>;
  readonly registries: ReadonlyMap<string, Credentials>;
}

type Entry =
  | { readonly kind: "auth"; readonly auth: HttpAuth }
  | { readonly kind: "dockerAuth"; readonly credentials: Credentials };

/** Keys of both kinds share one table; a prefix keeps them apart. */
const AUTH_DIRECTORY: ConfigDirectory<Entry> = {
  name: "auth.d",
  kinds: {
    auth: {
      read: (document) => {
        const domains = namesOf(document, "domains");
        const auth = readAuth(document);
        return domains.map((name) => [`auth ${name}`, { kind: "auth", auth }]);
      },
      repeated: (key) => `auth for domain ${quote(nameIn(key))} is already specified`,
    },
    dockerAuth: {
      read: (document) => {
        const registries = namesOf(document, "registries");
        const credentials = readCredentials(readObject(document["credentials"], "credentials"));
        return registries.map((name) => [`docker ${name}`, { kind: "dockerAuth", credentials }]);
      },
      repeated: (key) =>
        `credentials for docker registry ${quote(nameIn(key))} are already specified`,
    },
  },
};

export function readAuthTree(roots: readonly string[]): Auth {
  const domains = new Map<string, HttpAuth>();
  const registries = new Map<string, Credentials>();
  for (const [key, entry] of readConfigTree(roots, AUTH_DIRECTORY)) {
    if (entry.kind === "auth") domains.set(nameIn(key), entry.auth);
    else registries.set(nameIn(key), entry.credentials);
  }
  return { domains, registries };
}

function nameIn(key: string): string {
  return key.slice(key.indexOf(" ") + 1);
}

function namesOf(document: JsonObject, field: "domains" | "registries"): readonly string[] {
  const names = readTexts(document[field], field) ?? [];
  if (names.length > 0) return names;
  throw new Fault("invalid", `no ${field} specified`);
}

function readAuth(document: JsonObject): HttpAuth {
  const type = readText(document["type"], "type") ?? "";
  const credentials = readObject(document["credentials"] ?? {}, "credentials");
  const text = (field: string): string =>
    readText(credentials[field], `credentials.${field}`) ?? "";
  switch (type) {
    case "":
      throw new Fault("invalid", "no auth type specified");
    case "basic":
      return { type, ...readCredentials(credentials) };
    case "oauth":
      return { type, token: required(text("token"), "no oauth bearer token specified") };
    case "aws":
      return {
        type,
        accessKeyId: required(text("accessKeyID"), "no AWS Access Key ID specified"),
        secretAccessKey: required(text("secretAccessKey"), "no AWS Secret Access Key specified"),
        region: text("awsRegion") || undefined,
      };
    default:
      throw new Fault("invalid", `unknown auth type: ${quote(type)}`);
  }
}

function readCredentials(credentials: JsonObject): Credentials {
  const user = readText(credentials["user"], "credentials.user") ?? "";
  const password = readText(credentials["password"], "credentials.password") ?? "";
  return {
    user: required(user, "user not specified"),
    password: required(password, "password not specified"),
  };
}

function required(text: string, complaint: string): string {
  if (text !== "") return text;
  throw new Fault("invalid", complaint);
}
