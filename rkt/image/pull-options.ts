/** How an image is to be pulled, and the shape of pulling itself. Data only. */
import type { ImageReference, Platform } from "@rkt/spec";
import type { Credentials } from "./config/auth.ts";
import type { ImageHost, Insecure } from "./host.ts";
import type { StoredImage } from "./image.ts";

/** When a remote place is asked. */
export type PullPolicy =
  | "new" // only for what the store lacks
  | "never"
  | "update"; // always; what the store has already is not fetched twice

/** How a reference is to be pulled. */
export interface PullOptions {
  readonly policy: PullPolicy;
  /** Of the operating system and processor that the image shall run on. */
  readonly platform: Platform;
  /** A person named it: an image for another platform will not do. */
  readonly platformAsked?: boolean;
  /** Everything is checked unless told. */
  readonly insecure?: Insecure;
  /** A file with the detached signature of an ACI; the archive's name with `.asc` unless told. */
  readonly signaturePath?: string;
  /** For registries that ask for them. */
  readonly credentials?: Credentials;
  /** Names of the images that are being fetched because of each other; set by dependencies only. */
  readonly within?: readonly string[];
}

/** `pull` as a parameter of those that it calls. */
export type Pull = (
  host: ImageHost,
  reference: ImageReference,
  options: PullOptions,
) => Promise<StoredImage>;
