/** What every controller is given, and what it is. */
import type { Client } from "@rktnetes/client/client";
import type { Clock } from "@shared/base";

/** What controllers work with: a client of the API server, a clock, and a signal to end. */
export interface ControllerHost {
  readonly client: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** PEM of the authority that signs the server's certificate. */
  readonly authority: string;
  /** A line for whoever runs the server. */
  readonly note: (line: string) => void;
}

export interface Controller {
  readonly name: string;
  /** Runs until the signal aborts. */
  readonly run: (host: ControllerHost) => Promise<void>;
}
