/**
 * `registries.d`: where the images of a prefix are asked for. Rules and a reference in, places in
 * the order of asking out: the mirrors, then the registry itself or what stands in for it. So a
 * site without the internet serves names such as `docker.io/library/nginx`. Asks nobody.
 *
 *     {"rktKind": "registries", "rktVersion": "v1", "registries": [
 *       {"prefix": "docker.io", "location": "own.site:5000/hub", "mirrors": ["near.site/hub"]},
 *       {"prefix": "bad.example.com", "blocked": true}]}
 */
import { type DockerReference, type JsonObject, readList, readObject, readText } from "@rkt/spec";
import { readBoolean, readTexts } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { type ConfigDirectory, readConfigTree } from "./config-tree.ts";

export interface RegistryRule {
  /** A registry, or the beginning of the names of its images, up to a `/`. */
  readonly prefix: string;
  readonly blocked: boolean;
  /** Stands for the prefix; the prefix itself where there is none. */
  readonly location: string;
  readonly mirrors: readonly string[];
  /** The file that says so. */
  readonly path: string;
}

/** Where an image may be. */
export interface RegistryPlace {
  readonly registry: string;
  readonly repository: string;
}

/** Docker's own registry has several names; this is the one in rules. */
const HUB = "docker.io";
const HUB_NAMES: readonly string[] = [HUB, "index.docker.io", "registry-1.docker.io"];
const HUB_HOST = "registry-1.docker.io";

const NAME = /^[a-zA-Z0-9.-]+(?::[0-9]+)?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/;

const DIRECTORY: ConfigDirectory<RegistryRule> = {
  name: "registries.d",
  kinds: {
    registries: {
      read: (document, path) => {
        const rules = readList(document["registries"], "registries", readRule) ?? [];
        if (rules.length === 0) throw new Fault("invalid", "no registries specified");
        return rules.map((rule) => [rule.prefix, { ...rule, path }]);
      },
      repeated: (prefix) => `rules for registry ${quote(prefix)} are already specified`,
    },
  },
};

export function readRegistryRules(roots: readonly string[]): readonly RegistryRule[] {
  return [...readConfigTree(roots, DIRECTORY).values()];
}

/**
 * The places of an image, in the order of asking. The longest prefix decides. @throws {Fault}
 * "denied" where it is blocked
 */
export function placesOf(
  rules: readonly RegistryRule[],
  { registry, repository }: DockerReference,
): readonly RegistryPlace[] {
  const name = `${canonicalRegistry(registry)}/${repository}`;
  const rule = rules
    .filter(({ prefix }) => name === prefix || name.startsWith(`${prefix}/`))
    .sort((a, b) => b.prefix.length - a.prefix.length)[0];
  if (rule === undefined) return [{ registry, repository }];
  if (rule.blocked) {
    throw new Fault("denied", `fetch ${quote(name)}: ${quote(rule.prefix)} is blocked`, {
      hint: `${rule.path} says so`,
    });
  }
  const rest = name.slice(rule.prefix.length);
  return [...rule.mirrors, rule.location].map((place) => placeOf(place + rest));
}

/** The name of a registry as rules and credentials know it. */
export function canonicalRegistry(registry: string): string {
  return HUB_NAMES.includes(registry) ? HUB : registry;
}

function placeOf(name: string): RegistryPlace {
  const slash = name.indexOf("/");
  const registry = name.slice(0, slash);
  return {
    registry: canonicalRegistry(registry) === HUB ? HUB_HOST : registry,
    repository: name.slice(slash + 1),
  };
}

function readRule(value: unknown, place: string): Omit<RegistryRule, "path"> {
  const rule: JsonObject = readObject(value, place);
  const prefix = canonicalName(readText(rule["prefix"], `${place}.prefix`) ?? "", place);
  const location = readText(rule["location"], `${place}.location`);
  return {
    prefix,
    blocked: readBoolean(rule["blocked"], `${place}.blocked`) ?? false,
    location: location === undefined ? prefix : canonicalName(location, place),
    mirrors: (readTexts(rule["mirrors"], `${place}.mirrors`) ?? []).map((mirror) =>
      canonicalName(mirror, place),
    ),
  };
}

function canonicalName(text: string, place: string): string {
  if (!NAME.test(text)) {
    const wanted = "want HOST[:PORT][/PATH], without a scheme";
    throw new Fault("invalid", `read ${quote(place)}: ${quote(text)}: ${wanted}`);
  }
  const [registry = "", ...path] = text.split("/");
  return [canonicalRegistry(registry), ...path].join("/");
}
