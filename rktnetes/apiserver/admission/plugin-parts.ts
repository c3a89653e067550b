/** What admission plug-ins are made of. */
import type { ServerHost } from "../host.ts";
import type { Auth } from "../auth/auth.ts";
import type { Registry } from "../registry/registry.ts";
import type { ServedKinds } from "../served-kinds.ts";
import type { Lookup } from "./lookup.ts";

export interface PluginParts {
  readonly registry: () => Registry;
  readonly lookup: Lookup;
  readonly host: ServerHost;
  readonly auth: Auth;
  readonly kinds: () => ServedKinds;
}
