/**
 * What a kind does beyond its data. The registry reads an object, lets its kind's strategy change
 * and judge it, and writes it; a strategy is a record of plain functions, each optional, that see
 * decoded objects only. They may change the object they are given (it is the request's own copy),
 * never `old`. No I/O, no clock, no chance: `WriteContext` brings them.
 *
 * The order of a write: decode and data defaults (schema) → `setDefaults` → plug-ins of admission
 * that change → status rules of the registry → `prepareForCreate` or `prepareForUpdate` →
 * `validateCreate` or `validateUpdate` → plug-ins that judge → store. `subresources.status` and its
 * like replace the last three for writes to a sub-resource.
 */
import type { Json, JsonObject } from "../schema/schema.ts";
import type { FieldError } from "../validate/field-error.ts";
import type { NameProblems } from "../validate/object-names.ts";

/** What a write knows beside its object. */
export interface WriteContext {
  /** RFC 3339, to the second, as `creationTimestamp` has it. */
  readonly now: string;
  /** Who writes. */
  readonly user: {
    readonly name: string;
    readonly groups: readonly string[];
    readonly uid: string;
    readonly extra: Readonly<Record<string, readonly string[]>>;
  };
  readonly dryRun: boolean;
}

/** How an update through one path is prepared and judged. */
export interface UpdateRules {
  /** `object` is what the client wants, `old` what is there. Fields that may not change go back. */
  readonly prepareForUpdate?: (object: JsonObject, old: JsonObject, context: WriteContext) => void;
  readonly validateUpdate?: (object: JsonObject, old: JsonObject) => readonly FieldError[];
  readonly warnings?: (object: JsonObject, old: JsonObject | undefined) => readonly string[];
  /**
   * Fields that the server takes back through this path: nobody comes to own them. `spec` of
   * `/status` and `status` of the rest without it.
   */
  readonly resetFields?: readonly (readonly string[])[];
}

/** What a table shows of one object. */
export interface RowContext {
  /** Milliseconds since the epoch: ages are told from it. */
  readonly nowMs: number;
}

/** The behaviour of one kind; every part may be absent. */
export interface Strategy extends UpdateRules {
  /** Defaults that are more than data. Also run on what was stored by an older version. */
  readonly setDefaults?: (object: JsonObject) => void;
  readonly prepareForCreate?: (object: JsonObject, context: WriteContext) => void;
  /** Said of a new object even when it is refused. */
  readonly earlyWarnings?: (object: JsonObject) => readonly string[];
  readonly validateCreate?: (object: JsonObject) => readonly FieldError[];
  /** What this kind demands of names; a DNS subdomain without it. */
  readonly nameProblems?: NameProblems;
  /** Rules of `status` and other sub-resources that write the object itself. */
  readonly subresources?: Readonly<Record<string, UpdateRules>>;
  /** Cells of a table's row, one for each of the kind's columns. Name and age without it. */
  readonly row?: (object: JsonObject, context: RowContext) => readonly Json[];
  /**
   * Seconds that a deletion leaves the object's processes; undefined where deletion is immediate.
   * `asked` is the client's wish.
   */
  readonly gracePeriodSeconds?: (object: JsonObject, asked: number | undefined) => number;
  /** The finalizers that removing needs of the object beyond metadata.finalizers: namespaces. */
  readonly keepsOnDelete?: (object: JsonObject) => boolean;
  /** Called once when deletion begins, before the object is written: namespaces change phase. */
  readonly beginDelete?: (object: JsonObject, context: WriteContext) => void;
}
