/**
 * The name under which an image is trusted: references flow in, `docker.io/library/busybox` flows
 * out, the same for every way to write it. Keys, policies and signed identities all use it. Pure.
 */
import { resolve } from "node:path";
import { type DockerReference, type OciOrigin, parseDockerReference } from "@rkt/spec";
import { Fault, quote } from "@shared/base";

const HUB_NAMES: readonly string[] = ["docker.io", "index.docker.io", "registry-1.docker.io"];
const ELEMENT = "[a-z0-9]+(?:[._-]+[a-z0-9]+)*";
const PREFIX = new RegExp(`^(${ELEMENT}(?::[0-9]+)?)((?:/${ELEMENT})*)$`);

/** Registry and repository; for a layout `oci:` and its directory, which nobody signs. */
export function trustNameOf(origin: OciOrigin): string {
  return origin.kind === "docker" ? dockerName(origin) : `oci:${resolve(origin.directory)}`;
}

function dockerName({ registry, repository }: DockerReference): string {
  return `${hubAsOne(registry.toLowerCase())}/${repository}`;
}

function hubAsOne(registry: string): string {
  return HUB_NAMES.includes(registry) ? "docker.io" : registry;
}

/** The beginning of such names, as a person writes it. @throws {Fault} "invalid" */
export function parseTrustPrefix(text: string): string {
  const [, registry, path] = PREFIX.exec(text) ?? [];
  if (registry === undefined || path === undefined) {
    throw new Fault("invalid", `use prefix ${quote(text)}: not REGISTRY[:PORT][/REPOSITORY]`);
  }
  if (/[.:]/.test(registry) || registry === "localhost") return `${hubAsOne(registry)}${path}`;
  throw new Fault("invalid", `use prefix ${quote(text)}: it does not begin with a registry`, {
    hint: `for images of Docker Hub: docker.io/${text.includes("/") ? text : `library/${text}`}`,
  });
}

/** `a.test/b/c` → `a.test`, `a.test/b`, `a.test/b/c`. */
export function prefixesOf(name: string): string[] {
  const parts = name.split("/");
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** What a signature says that it is for. */
export interface SignedIdentity {
  /** As `trustNameOf` has it. */
  readonly name: string;
  /** Absent where the signature is for any tag. */
  readonly tag?: string;
  readonly digest?: string;
}

/** The `docker-reference` of a signature. @throws {Fault} "invalid" */
export function parseSignedIdentity(text: string): SignedIdentity {
  const reference = parseDockerReference(text);
  const hasTag = /:[^/@:]+$/.test(text.split("@")[0]?.split("/").slice(1).join("/") ?? "");
  return {
    name: dockerName(reference),
    ...(hasTag && reference.tag !== undefined && { tag: reference.tag }),
    ...(reference.digest !== undefined && { digest: reference.digest }),
  };
}

/** Whether a signature for that identity may vouch for what the reference asked for. */
export function coversReference(identity: SignedIdentity, asked: DockerReference): boolean {
  if (identity.name !== dockerName(asked)) return false;
  return identity.tag === undefined || asked.tag === undefined || identity.tag === asked.tag;
}
