/** What serving a request takes from it again and again, handed to routes in files of their own. */
import type { Resource } from "../registry/resource.ts";
import type { SentOptions } from "../registry/options/write-options.ts";
import type { WriteRequest } from "../registry/written.ts";
import type { ViewContext } from "./views.ts";

export interface CallTools {
  /** The form in which the client wants an object of this resource. */
  readonly view: (resource: Resource) => ViewContext;
  /** What every operation that writes is told. */
  readonly write: (options: SentOptions) => WriteRequest;
}
