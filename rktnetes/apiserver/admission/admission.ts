/**
 * Who else has a say in a write: plug-ins in a fixed order. In: what is about to be written. Out:
 * the object changed in place, warnings, or a fault. One plug-in, one file.
 */
import type { GroupVersionKind } from "@rktnetes/api/kind";
import type { JsonObject, ObjectSchema } from "@rktnetes/api/schema";
import type { WriteContext } from "@rktnetes/api/strategy";
import type { Resource } from "../registry/resource.ts";

export type AdmissionOperation = "CREATE" | "UPDATE" | "DELETE" | "CONNECT";

/** A kind with its schema. */
export interface SentBody extends GroupVersionKind {
  readonly schema: ObjectSchema;
}

/**
 * A key of the form `name/key`, and a value; the first value of a key stays. With a level it is
 * only for events that show as much.
 */
export type Annotate = (key: string, value: string, level?: "Request") => void;

export interface AdmissionRequest {
  readonly operation: AdmissionOperation;
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  /** What is to be written; plug-ins may change it. Undefined for deletions. */
  readonly object: JsonObject | undefined;
  readonly old: JsonObject | undefined;
  readonly context: WriteContext;
  /** What is written, where that is not the resource's own kind: an Eviction, a Binding. */
  readonly body?: SentBody | undefined;
  /** What the client asked for beside the object, as webhooks are shown it. */
  readonly options?: JsonObject | undefined;
  /** Puts a note into the audit event of the request. */
  readonly annotate?: Annotate | undefined;
  /** Adds a line to the `Warning` headers of the answer. */
  readonly warn: (text: string) => void;
}

export interface AdmissionPlugin {
  readonly name: string;
  /** Changes the object. @throws {StatusFault} */
  readonly mutate?: (request: AdmissionRequest) => void | Promise<void>;
  /** Judges the object as it is about to be written. @throws {StatusFault} */
  readonly validate?: (request: AdmissionRequest) => void | Promise<void>;
}

export class Admission {
  readonly #plugins: readonly AdmissionPlugin[];

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins;
  }

  async mutate(request: AdmissionRequest): Promise<void> {
    for (const plugin of this.#plugins) await plugin.mutate?.(request);
  }

  async validate(request: AdmissionRequest): Promise<void> {
    for (const plugin of this.#plugins) await plugin.validate?.(request);
  }
}
