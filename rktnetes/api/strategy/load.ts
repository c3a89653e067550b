/**
 * The strategy of each kind, loaded when the kind is first used. A new one is a row here, named
 * `<group>/<plural>`, `/pods` for the core group. Kinds without a row do what the registry does.
 */
import type { Kind } from "../kinds/kind.ts";
import type { Strategy } from "./strategy.ts";

const LOADERS: Readonly<Record<string, () => Promise<Strategy>>> = {
  "/namespaces": async () => (await import("./core/namespace.ts")).NAMESPACE,
  "/pods": async () => (await import("./core/pod.ts")).POD,
};

const NONE: Strategy = {};

/** The strategy of a kind, the same one each time. */
export async function loadStrategy(kind: Kind): Promise<Strategy> {
  return (await LOADERS[`${kind.group}/${kind.resource}`]?.()) ?? NONE;
}
