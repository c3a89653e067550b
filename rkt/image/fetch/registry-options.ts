/** How a registry is to be talked to. Data only. */
import type { Credentials } from "../config/auth.ts";
import type { Insecure } from "../host.ts";

export interface RegistryOptions {
  readonly insecure: Insecure;
  /** Instead of what the site has configured. */
  readonly credentials?: Credentials | undefined;
}

/** What a token shall allow. */
export type Actions = "pull" | "pull,push";
