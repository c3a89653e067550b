/**
 * Names of images in registries: `[HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST]` flows in, its parts flow
 * out, with the registry and the `library/` that Docker adds. Asks no registry.
 *
 * @see https://pkg.go.dev/github.com/distribution/reference (the grammar), docker2aci's
 * ParseDockerURL
 */
import { Fault } from "@shared/base";

/** The parts of a name of an image in a registry, defaults filled in. */
export interface DockerReference {
  readonly kind: "docker";
  /** Host and port to ask, e.g. `registry-1.docker.io`, `golden.test:5000`. */
  readonly registry: string;
  /** Path inside the registry, e.g. `library/busybox`. */
  readonly repository: string;
  /** Set unless there is a digest; "latest" where none is written. */
  readonly tag?: string;
  /** `sha256:<hex>` or another algorithm's; wins over a tag. */
  readonly digest?: string;
  /** As typed, without `docker://`. */
  readonly text: string;
}

/** Where images without a registry in their name come from. */
const DEFAULT_REGISTRY = "registry-1.docker.io";

const LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const HOST = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?$`);
const PATH_ELEMENT = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST_SIZES: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };
const LONGEST_NAME = 255;

/** The parts of a reference as a person types it. Faults: invalid, with Docker's words. */
export function parseDockerReference(text: string): DockerReference {
  const { host, rest } = splitHost(text);
  const [name, digest] = cut(rest, "@");
  const [path, tag] = cut(name, ":");
  if (path !== path.toLowerCase()) {
    throw new Fault("invalid", "invalid reference format: repository name must be lowercase");
  }
  const hub = host === undefined || host === "docker.io" || host === "index.docker.io";
  checkParts(path, tag, hub ? undefined : host);
  if (digest !== undefined) checkDigest(digest);
  const registry = hub ? DEFAULT_REGISTRY : host;
  const bare = (hub || host === DEFAULT_REGISTRY) && !path.includes("/");
  return {
    kind: "docker",
    registry,
    repository: bare ? `library/${path}` : path,
    ...(digest === undefined ? { tag: tag ?? "latest" } : { digest }),
    text,
  };
}

/**
 * The reference as short as it can be written: no default registry, no `library/`, no `:latest`.
 */
export function shortDockerReference(reference: DockerReference): string {
  const { registry, repository, tag, digest } = reference;
  const hub = registry === DEFAULT_REGISTRY;
  const name = hub ? repository.replace(/^library\//, "") : `${registry}/${repository}`;
  if (digest !== undefined) return `${name}@${digest}`;
  return tag === "latest" || tag === undefined ? name : `${name}:${tag}`;
}

/** The reference with every default written out, so that equal images have equal texts. */
export function fullDockerReference(reference: DockerReference): string {
  const { registry, repository, tag = "latest", digest } = reference;
  const end = digest === undefined ? `:${tag}` : `@${digest}`;
  return `${registry}/${repository}${end}`;
}

function splitHost(text: string): { host: string | undefined; rest: string } {
  const [first, rest] = cut(text, "/");
  const isHost = rest !== undefined && (/[.:]/.test(first) || first === "localhost");
  return isHost ? { host: first, rest } : { host: undefined, rest: text };
}

/** The text before and after the first separator. */
function cut(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function checkParts(path: string, tag: string | undefined, host: string | undefined): void {
  if (/^[a-f0-9]{64}$/.test(path) && host === undefined) {
    const problem = "cannot specify 64-byte hexadecimal strings";
    throw new Fault("invalid", `invalid repository name (${path}), ${problem}`);
  }
  const wellFormed =
    path.split("/").every((element) => PATH_ELEMENT.test(element)) &&
    (tag === undefined || TAG.test(tag)) &&
    (host === undefined || HOST.test(host));
  if (!wellFormed) throw new Fault("invalid", "invalid reference format");
  if (path.length + (host?.length ?? 0) + 1 > LONGEST_NAME) {
    throw new Fault("invalid", `repository name must not be more than ${LONGEST_NAME} characters`);
  }
}

function checkDigest(digest: string): void {
  const [algorithm, hex] = cut(digest, ":");
  if (hex === undefined || !/^[a-zA-Z0-9+._-]+$/.test(algorithm) || !/^[0-9a-fA-F]+$/.test(hex)) {
    throw new Fault("invalid", "invalid reference format");
  }
  const size = Object.hasOwn(DIGEST_SIZES, algorithm) ? DIGEST_SIZES[algorithm] : undefined;
  if (size === undefined) throw new Fault("invalid", "unsupported digest algorithm");
  if (hex.length !== size) throw new Fault("invalid", "invalid checksum digest length");
  if (hex !== hex.toLowerCase()) throw new Fault("invalid", "invalid checksum digest format");
}
