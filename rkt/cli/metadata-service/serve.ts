/**
 * The metadata service as a program: it listens on a socket of its own for pods that begin and end,
 * and on a port for their apps, until it is asked to end. One line on standard error for each
 * request, without its token.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { errnoWords, Fault } from "@shared/base";
import { answerPublic, type HmacKey } from "./public-api.ts";
import { PodRegistry } from "./pod-registry.ts";
import { answerRegistration } from "./registration.ts";

export interface ServiceOptions {
  /** Path of the socket for registrations. */
  readonly socket: string;
  /** For apps, on every IPv4 address of the machine. */
  readonly port: number;
  /** Says one line to the person. */
  readonly say: (line: string) => void;
}

/** Manifests have 1 MiB at most. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;

export async function serveMetadata({ socket, port, say }: ServiceOptions): Promise<void> {
  const ended = endingSignal();
  say("metadata service starting...");
  await prepareSocket(socket);
  const registry = new PodRegistry();
  const key: HmacKey = crypto.getRandomValues(new Uint8Array(64));
  const logged =
    (answer: (request: Request) => Promise<Response>) =>
    async (request: Request): Promise<Response> => {
      const response = await answer(request);
      say(`${request.method} ${withoutToken(request.url)} - ${response.status}`);
      return response;
    };
  await using ending = new AsyncDisposableStack();
  const listen = (start: () => Bun.Server<undefined>): void => {
    const server = start();
    ending.defer(() => server.stop(true));
  };
  const limits = { maxRequestBodySize: BODY_BYTES_MAX, development: false } as const;
  listening(`listen unix ${socket}: bind`, () =>
    listen(() =>
      Bun.serve({
        ...limits,
        unix: socket,
        fetch: logged((request) => answerRegistration(registry, request)),
      }),
    ),
  );
  ending.defer(() => rmSync(socket, { force: true }));
  listening(`error listening on port ${port}: listen tcp4 0.0.0.0:${port}: bind`, () =>
    listen(() =>
      Bun.serve({
        ...limits,
        hostname: "0.0.0.0",
        port,
        fetch: logged((request) => answerPublic(registry, key, request)),
      }),
    ),
  );
  say("metadata service running...");
  await ended;
  say("metadata service exiting...");
}

/** The token is all that a pod has to prove who it is. */
function withoutToken(address: string): string {
  const { pathname } = new URL(address);
  return pathname.replace(/^\/[^/]+\/acMetadata\//, "/<token>/acMetadata/");
}

/** The directory is made; a socket that a dead service left is taken away. */
async function prepareSocket(socket: string): Promise<void> {
  const directory = dirname(socket);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw failure(`mkdir ${directory}`, error);
  }
  if (!existsSync(socket)) return;
  try {
    await fetch("http://metadata/", { unix: socket });
  } catch {
    rmSync(socket, { force: true }); // nobody answers
    return;
  }
  throw new Fault("already-exists", `listen unix ${socket}: bind: address already in use`);
}

function listening(what: string, start: () => void): void {
  try {
    start();
  } catch (error) {
    throw failure(what, error);
  }
}

function failure(what: string, error: unknown): Fault {
  const code = (error as { readonly code?: unknown }).code;
  const words = typeof code === "string" ? errnoWords(code) : undefined;
  return new Fault(Fault.from(error).kind, `${what}: ${words ?? Fault.from(error).message}`);
}

function endingSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
}
