/** One request for objects, with all that serving it needs. */
import type { Annotate } from "../admission/admission.ts";
import type { Kind } from "@rktnetes/api/kind";
import type { User } from "../auth/user.ts";
import type { ApiServer } from "../api-server.ts";
import type { ApiRequest, Outlet } from "./api-request.ts";
import type { ResourcePath } from "./request-path.ts";

export interface ResourceCall {
  readonly server: ApiServer;
  readonly request: ApiRequest;
  readonly outlet: Outlet;
  readonly path: ResourcePath;
  readonly kind: Kind;
  readonly user: User;
  /** Puts a note into the audit event of the request; absent when there is none. */
  readonly annotate?: Annotate | undefined;
  /** Adds a line to the `Warning` headers of the answer. */
  readonly warn: (text: string) => void;
}
