/**
 * What carries a request to an API server: a connection, or a call in the same process. In: method,
 * path, headers, body. Out: status and body, or the lines of an answer without an end.
 */

/** One request. */
export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With its query: `/api/v1/pods?limit=10`. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal?: AbortSignal;
}

/** A whole answer. */
export interface Reply {
  readonly status: number;
  readonly body: string;
}

/** Carries requests; whose they are is the transport's affair. */
export interface Transport {
  call(call: Call): Promise<Reply>;
  /**
   * The lines of an answer as they come. Ends with the answer or when the signal aborts. An answer
   * that is no success comes as one line: its body.
   */
  lines(call: Call): AsyncIterable<string>;
}
