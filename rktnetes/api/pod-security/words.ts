/** Sentences about containers, as the Pod Security Standards word them. Pure. */
import type { Container, PodSpec } from "../types/core-v1.ts";

/** What the checks read of a container of any kind. */
export type AnyContainer = Pick<
  Container,
  "name" | "securityContext" | "ports" | "livenessProbe" | "readinessProbe" | "startupProbe"
> &
  Pick<Container, "lifecycle">;

/** Init containers first, then the others, then those that were added to a running pod. */
export function containersOf(spec: PodSpec): readonly AnyContainer[] {
  const { initContainers, containers, ephemeralContainers } = spec;
  return [...(initContainers ?? []), ...(containers ?? []), ...(ephemeralContainers ?? [])];
}

/** Names of the containers of which something is true. */
export function namesWhere(
  spec: PodSpec,
  isBad: (container: AnyContainer) => boolean,
): readonly string[] {
  return containersOf(spec)
    .filter(isBad)
    .map(({ name }) => name);
}

export function quoteAll(texts: readonly string[]): string {
  return texts.map((text) => JSON.stringify(text)).join(", ");
}

export function plural(one: string, many: string, count: number): string {
  return count === 1 ? one : many;
}

/** `container "a"`, `containers "a", "b"` */
export function containersNamed(names: readonly string[]): string {
  return `${plural("container", "containers", names.length)} ${quoteAll(names)}`;
}

/** `pod`, `container "a"`, `pod and container "a"`; empty where neither does it. */
export function settersNamed(pod: boolean, names: readonly string[]): string {
  if (names.length === 0) return pod ? "pod" : "";
  return pod ? `pod and ${containersNamed(names)}` : containersNamed(names);
}

export function sortedSet(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}
