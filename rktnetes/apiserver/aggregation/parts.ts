/** What aggregation acts on. */
import type { Lookup } from "../admission/lookup.ts";
import type { KeyPair } from "../certificates/certificates.ts";
import type { Registry } from "../registry/registry.ts";
import type { ServedKinds } from "../served-kinds.ts";
import type { Backend } from "./backend.ts";

export interface LocalParts {
  readonly registry: Registry;
  readonly lookup: Lookup;
  readonly kinds: ServedKinds;
}

export interface AggregationParts extends LocalParts {
  /** Shown to backends; none without it. */
  readonly keys: KeyPair | undefined;
}

export interface RemoteParts extends AggregationParts {
  readonly signal: AbortSignal;
  readonly backends: () => readonly Backend[];
}
