/** What a write came to. */
import type { JsonObject } from "@rktnetes/api/schema";
import type { WriteContext } from "@rktnetes/api/strategy";
import type { Annotate } from "../admission/admission.ts";
import type { CachedObject } from "./cache/cached-object.ts";

export interface Written {
  readonly object: CachedObject;
  /** The object did not exist before. */
  readonly created: boolean;
}

/** What every write is told about its request. */
export interface WriteRequest {
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  readonly dryRun: boolean;
  readonly user: WriteContext["user"];
  /** Named in `managedFields`; never empty. */
  readonly fieldManager: string;
  /** A server-side apply, which has set the managed fields of the object. */
  readonly isApply?: boolean;
  /** Through the object's Scale, which was admitted and whose managed fields say who owns what. */
  readonly isScale?: boolean;
  /** A patch: what it says of the uid is judged like any other field. */
  readonly isPatch?: boolean;
  /** What the client asked for beside the object, as an options object of meta.k8s.io/v1. */
  readonly sent?: JsonObject | undefined;
  /** Puts a note into the audit event of the request. */
  readonly annotate?: Annotate | undefined;
  /** Adds a line to the `Warning` headers of the answer. */
  readonly warn: (text: string) => void;
}
