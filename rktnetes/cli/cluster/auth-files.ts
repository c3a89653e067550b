/**
 * The files that configure who may enter and who may do what. In: their paths. Out: what the API
 * server is told. @throws {Fault} "invalid", "not-found"
 */
import { dirname, resolve } from "node:path";
import type { AuthOptions } from "@rktnetes/apiserver/auth";
import { readAuthenticationConfig } from "@rktnetes/apiserver/auth/authentication-config";
import {
  type AuthorizerChoice,
  plainAuthorizer,
  readAuthorizationConfig,
} from "@rktnetes/apiserver/auth/authorization-config";
import { readRemoteConfig, type RemoteConfig } from "@rktnetes/apiserver/auth/remote";
import { Fault, quote } from "@shared/base";
import type { AuthFiles } from "./auth-file-flags.ts";

type ReadFile = (path: string) => string;

const TIMEOUT_MS = 30_000;

export async function readAuthFiles(
  files: AuthFiles,
  readFile: ReadFile,
): Promise<Partial<AuthOptions>> {
  const { authentication, tokenWebhook } = files;
  const read =
    authentication === undefined
      ? undefined
      : await readAuthenticationConfig(readFile(authentication));
  const webhook = tokenWebhook && {
    remote: await readRemote(tokenWebhook.file, readFile),
    version: tokenWebhook.version,
    keepMs: tokenWebhook.keepMs,
  };
  return {
    authorizers: await readAuthorizers(files, readFile),
    ...(webhook === undefined ? {} : { tokenWebhook: webhook }),
    ...(read === undefined ? {} : { issuers: read.issuers }),
    ...(read?.anonymous === undefined ? {} : { anonymous: read.anonymous }),
  };
}

async function readAuthorizers(
  { authorization, modes, accessWebhook }: AuthFiles,
  readFile: ReadFile,
): Promise<readonly AuthorizerChoice[]> {
  if (authorization !== undefined) {
    return await readAuthorizationConfig(readFile(authorization), (file) =>
      readRemote(file, readFile),
    );
  }
  const all: AuthorizerChoice[] = [];
  for (const mode of modes) {
    const plain = plainAuthorizer(mode);
    if (plain !== undefined) all.push(plain);
    else if (mode === "Webhook" && accessWebhook !== undefined) {
      const { file, version, keepMs: keepAllowedMs, keepDeniedMs } = accessWebhook;
      const times = { timeoutMs: TIMEOUT_MS, keepAllowedMs, keepDeniedMs };
      const remote = await readRemote(file, readFile);
      const webhook = { remote, version, ...times, deniesOnFailure: false, conditions: [] };
      all.push({ type: "Webhook", webhook });
    } else throw new Fault("invalid", `authorization-mode ${quote(mode)} is not a valid mode`);
  }
  return all;
}

/** Files that a kubeconfig names lie beside it, unless it says otherwise. */
export async function readRemote(file: string, readFile: ReadFile): Promise<RemoteConfig> {
  return await readRemoteConfig(readFile(file), (path) => readFile(resolve(dirname(file), path)));
}
