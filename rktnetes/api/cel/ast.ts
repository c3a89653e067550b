/** CEL as a tree. Every node knows where it stands in the text, counted in code points. */
import type { CelValue } from "./values.ts";

interface Place {
  /** Offset of the character that errors point at. */
  readonly at: number;
}

export interface Constant extends Place {
  readonly kind: "constant";
  readonly value: CelValue;
}

export interface Identifier extends Place {
  readonly kind: "identifier";
  readonly name: string;
}

export interface Select extends Place {
  readonly kind: "select";
  readonly operand: Expr;
  readonly field: string;
  /** `has(a.b)` */
  readonly isTest: boolean;
  /** `a.?b` */
  readonly isOptional: boolean;
}

export interface Call extends Place {
  readonly kind: "call";
  /** As `_+_`, `size`, `math.greatest`. */
  readonly name: string;
  readonly target?: Expr;
  readonly args: readonly Expr[];
}

export interface ListOf extends Place {
  readonly kind: "list";
  readonly items: readonly Expr[];
  /** Which items are optional: `[?a]`. */
  readonly optional: ReadonlySet<number>;
}

export interface MapEntry {
  readonly key: Expr;
  readonly value: Expr;
  readonly isOptional: boolean;
}

export interface MapOf extends Place {
  readonly kind: "map";
  readonly entries: readonly MapEntry[];
}

/** `Object.spec{replicas: 1}` */
export interface Struct extends Place {
  readonly kind: "struct";
  readonly name: string;
  readonly entries: readonly MapEntry[];
}

export type EachOperation =
  | "all"
  | "exists"
  | "existsOne"
  | "map"
  | "filter"
  | "transformList"
  | "transformMap"
  | "transformMapEntry"
  | "sortBy";

/** A macro that runs over a list or the keys of a map. */
export interface Each extends Place {
  readonly kind: "each";
  readonly operation: EachOperation;
  readonly range: Expr;
  /** One name for items or keys; two for index or key, and value. */
  readonly names: readonly string[];
  readonly filter?: Expr;
  readonly body: Expr;
}

/** `cel.bind(x, init, body)` */
export interface Bind extends Place {
  readonly kind: "bind";
  readonly name: string;
  readonly init: Expr;
  readonly body: Expr;
}

/** `a.optMap(x, body)`, `a.optFlatMap(x, body)` */
export interface OptionalMap extends Place {
  readonly kind: "optionalMap";
  readonly target: Expr;
  readonly name: string;
  readonly body: Expr;
  readonly isFlat: boolean;
}

export type Expr =
  | Constant
  | Identifier
  | Select
  | Call
  | ListOf
  | MapOf
  | Struct
  | Each
  | Bind
  | OptionalMap;
