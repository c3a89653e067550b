/**
 * Docker's own credentials: `config.json` with passwords in it, or with the names of programs that
 * keep them. A file and a registry in, credentials out. Starts a helper only for the registry that
 * it is named for.
 *
 * @see docker-credential-helpers, "Development": `docker-credential-NAME get`
 */
import { readFileSync } from "node:fs";
import { type JsonObject, readObject, readText, readTextMap } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { parseObject } from "./config-tree.ts";
import { canonicalRegistry } from "./registries.ts";

/** What a file or a helper knows of us. */
export type DockerLogin =
  | { readonly kind: "password"; readonly user: string; readonly password: string }
  /** Exchanged for a token at the registry's token server. */
  | { readonly kind: "identity"; readonly token: string };

export interface DockerConfig {
  readonly path: string;
  readonly logins: ReadonlyMap<string, DockerLogin>;
  /** Name of the helper by registry. */
  readonly helpers: Readonly<Record<string, string>>;
  /** Name of the helper for all other registries. */
  readonly store: string | undefined;
}

/** Undefined where there is no such file. @throws {Fault} "invalid" */
export function readDockerConfig(path: string): DockerConfig | undefined {
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  const document = parseObject(text, path);
  try {
    return {
      path,
      logins: readLogins(readObject(document["auths"] ?? {}, "auths")),
      helpers: readTextMap(document["credHelpers"], "credHelpers") ?? {},
      store: readText(document["credsStore"], "credsStore") || undefined,
    };
  } catch (cause) {
    throw new Fault("invalid", `read ${quote(path)}`, { cause });
  }
}

/** What the file, or the helper that it names, knows. Helpers come first, as with docker. */
export async function dockerLogin(
  config: DockerConfig,
  registry: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<DockerLogin | undefined> {
  const canonical = canonicalRegistry(registry);
  const hub = canonical === "docker.io";
  const keys = hub ? ["https://index.docker.io/v1/", "index.docker.io", canonical] : [registry];
  const named = keys.map((key) => config.helpers[key]).find((name) => name !== undefined);
  const keeper = named ?? config.store;
  const address = keys[0] ?? registry;
  if (keeper !== undefined && keeper !== "") {
    const login = await askKeeper(keeper, address, environment);
    if (login !== undefined) return login;
  }
  return keys.map((key) => config.logins.get(plainKey(key))).find((login) => login !== undefined);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (Fault.from(error).kind === "not-found") return undefined;
    throw error;
  }
}

function readLogins(auths: JsonObject): Map<string, DockerLogin> {
  const logins = new Map<string, DockerLogin>();
  for (const [key, value] of Object.entries(auths)) {
    const login = readLogin(readObject(value, key), key);
    if (login !== undefined) logins.set(plainKey(key), login);
  }
  return logins;
}

/** `https://registry.test/v1/` and `registry.test` mean the same. */
function plainKey(key: string): string {
  return key.replace(/^https?:\/\//, "").replace(/\/(?:v1\/?|v2\/?)?$/, "");
}

function readLogin(entry: JsonObject, place: string): DockerLogin | undefined {
  const token = readText(entry["identitytoken"], `${place}.identitytoken`) ?? "";
  if (token !== "") return { kind: "identity", token };
  const packed = readText(entry["auth"], `${place}.auth`) ?? "";
  const user = readText(entry["username"], `${place}.username`) ?? "";
  const password = readText(entry["password"], `${place}.password`) ?? "";
  if (packed === "") return user === "" ? undefined : { kind: "password", user, password };
  const plain = Buffer.from(packed, "base64").toString();
  const colon = plain.indexOf(":");
  if (colon < 1) throw new Fault("invalid", `read ${quote(`${place}.auth`)}: not USER:PASSWORD`);
  // Old clients ended the password with zero bytes.
  const rest = plain.slice(colon + 1).replace(/\0+$/, "");
  return { kind: "password", user: plain.slice(0, colon), password: rest };
}

const HELPER_MS_MAX = 30_000;
const HELPER_NAME = /^[a-zA-Z0-9._-]+$/;

async function askKeeper(
  name: string,
  registry: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<DockerLogin | undefined> {
  const program = `docker-credential-${name}`;
  const path = HELPER_NAME.test(name)
    ? Bun.which(program, { PATH: environment["PATH"] ?? "" })
    : null;
  if (path === null) {
    throw new Fault("missing-program", `ask for credentials: no program ${quote(program)}`, {
      hint: "docker's config.json names it in credHelpers or credsStore",
    });
  }
  const child = Bun.spawn([path, "get"], {
    env: environment,
    stdin: Buffer.from(registry),
    stdout: "pipe",
    stderr: "ignore",
    timeout: HELPER_MS_MAX,
    killSignal: "SIGKILL",
  });
  const text = await child.stdout.text();
  const status = await child.exited;
  if (status === 0) return readAnswer(text, program);
  if (/credentials not found/.test(text)) return undefined;
  const words = text.trim().split("\n")[0] ?? "";
  throw new Fault(
    "denied",
    `ask ${quote(program)} for credentials: ${words || `status ${status}`}`,
  );
}

function readAnswer(text: string, program: string): DockerLogin | undefined {
  const answer = parseObject(text, program);
  const user = readText(answer["Username"], "Username") ?? "";
  const secret = readText(answer["Secret"], "Secret") ?? "";
  if (user === "<token>") return { kind: "identity", token: secret };
  return user === "" ? undefined : { kind: "password", user, password: secret };
}
