/**
 * How to reach a program that decides or listens: a kubeconfig, of which the current context
 * counts. In: its text, a reader for the files that it names. Out: an address and keys.
 */
import { parseYaml } from "@rktnetes/api/codec/yaml";
import type { JsonObject } from "@rktnetes/api/schema";
import { Fault, quote } from "@shared/base";
import { objectOf, objectsOf, textOf } from "../config/config-file.ts";

/** An address and keys. */
export interface RemoteConfig {
  readonly url: string;
  /** PEM of whoever signs its certificate; the machine's authorities without it. */
  readonly authority: string | undefined;
  /** Its certificate may be anybody's. */
  readonly isTrustedBlindly: boolean;
  readonly serverName: string | undefined;
  /** PEM of this server's own certificate and key. */
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly token: string | undefined;
}

/** Paths are handed to the reader as they stand. @throws {Fault} "invalid" */
export async function readRemoteConfig(
  text: string,
  readFile: (path: string) => string,
): Promise<RemoteConfig> {
  const config = objectOf((await parseYaml(text)).tree);
  const context = named(config, "contexts", textOf(config["current-context"]), "context");
  const cluster = named(config, "clusters", textOf(context["cluster"]), "cluster");
  const userName = textOf(context["user"]);
  const user = userName === "" ? {} : named(config, "users", userName, "user");
  const url = textOf(cluster["server"]);
  if (url === "") throw new Fault("invalid", "read the kubeconfig: its cluster has no server");
  const pem = (object: JsonObject, field: string): string | undefined => {
    const data = textOf(object[`${field}-data`]);
    if (data !== "") return Buffer.from(data, "base64").toString();
    const file = textOf(object[field]);
    return file === "" ? undefined : readFile(file);
  };
  const tokenFile = textOf(user["tokenFile"]);
  return {
    url,
    authority: pem(cluster, "certificate-authority"),
    isTrustedBlindly: cluster["insecure-skip-tls-verify"] === true,
    serverName: textOf(cluster["tls-server-name"]) || undefined,
    certificate: pem(user, "client-certificate"),
    key: pem(user, "client-key"),
    token: textOf(user["token"]) || (tokenFile === "" ? undefined : readFile(tokenFile).trim()),
  };
}

/** Webhooks may do without a context: then the only entry counts. */
function named(config: JsonObject, list: string, name: string, field: string): JsonObject {
  const all = objectsOf(config[list]);
  const found = all.find((each) => each["name"] === name) ?? (name === "" ? all[0] : undefined);
  if (found === undefined) {
    throw new Fault("invalid", `read the kubeconfig: its ${list} lack ${quote(name)}`);
  }
  return objectOf(found[field]);
}
