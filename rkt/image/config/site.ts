/**
 * What this site has configured about far places, as one record: credentials, rules for registries,
 * certificates. In: configuration roots and an environment; out: a `Site`. Reads files; starts
 * nothing and asks nobody.
 */
import { join } from "node:path";
import { Fault } from "@shared/base";
import { type Auth, readAuthTree } from "./auth.ts";
import {
  type DockerConfig,
  type DockerLogin,
  dockerLogin,
  readDockerConfig,
} from "./docker-config.ts";
import { canonicalRegistry, readRegistryRules, type RegistryRule } from "./registries.ts";

/** Read once by `loadSite`; who asks for something far away looks here for what it must know. */
export interface Site {
  readonly auth: Auth;
  readonly rules: readonly RegistryRule[];
  readonly docker: DockerConfig | undefined;
  /** Directories of directories by host, the vendor's first. */
  readonly certificateRoots: readonly string[];
  /** For helpers that keep credentials. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface SiteSources {
  /** `/usr/lib/rkt`, `/etc/rkt` and the user's own, in that order. */
  readonly roots: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** @throws {Fault} "invalid", in rkt's words */
export function loadSite({ roots, environment }: SiteSources): Site {
  try {
    const docker = dockerConfigPath(environment);
    return {
      auth: readAuthTree(roots),
      rules: readRegistryRules(roots),
      docker: docker === undefined ? undefined : readDockerConfig(docker),
      certificateRoots: roots.map((root) => join(root, "certs.d")),
      environment,
    };
  } catch (cause) {
    throw new Fault("invalid", "cannot get configuration", { cause });
  }
}

/** What we prove ourselves with to a registry: rkt's own files first, then docker's. */
export async function loginFor(site: Site, registry: string): Promise<DockerLogin | undefined> {
  const names = HUB_NAMES.includes(canonicalRegistry(registry)) ? HUB_NAMES : [registry];
  const own = names.map((name) => site.auth.registries.get(name)).find((c) => c !== undefined);
  if (own !== undefined) return { kind: "password", ...own };
  if (site.docker === undefined) return undefined;
  return await dockerLogin(site.docker, registry, site.environment);
}

/** As rkt's documents, docker's files and the network name Docker's own registry. */
const HUB_NAMES: readonly string[] = ["docker.io", "index.docker.io", "registry-1.docker.io"];

function dockerConfigPath({ DOCKER_CONFIG, HOME }: SiteSources["environment"]): string | undefined {
  if (DOCKER_CONFIG !== undefined && DOCKER_CONFIG !== "")
    return join(DOCKER_CONFIG, "config.json");
  return HOME === undefined || HOME === "" ? undefined : join(HOME, ".docker/config.json");
}
