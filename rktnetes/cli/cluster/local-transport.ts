/**
 * Requests of this process to its own API server: no connection, no encryption, the same handling.
 * In: calls, made in the name of the server itself. Out: answers. Whoever calls is trusted.
 */
import type { ApiServer } from "@rktnetes/apiserver/api-server";
import { handle, type Handled } from "@rktnetes/apiserver/handle";
import type { ApiRequest, Outlet } from "@rktnetes/apiserver/request";
import { Fault } from "@shared/base";
import type { Call, Reply, Transport } from "@rktnetes/client/transport";

/** What certificates of the server's own programs say. */
const SELF = { commonName: "system:apiserver", organizations: ["system:masters"] } as const;

export function localTransport(server: ApiServer): Transport {
  return {
    call: async (call) => await callOnce(server, call),
    lines: (call) => readLines(server, call),
  };
}

async function callOnce(server: ApiServer, call: Call): Promise<Reply> {
  const whole = new WholeOutlet();
  const answer = await counted(server, call, whole);
  if (answer !== undefined) return { status: answer.status, body: String(answer.body) };
  return await whole.reply;
}

/** In metrics these requests stand beside those that come from outside. */
async function counted(server: ApiServer, call: Call, outlet: Outlet): Promise<Handled["answer"]> {
  const { metrics, host } = server;
  const began = host.clock.now();
  const { answer, labels, waitedMs } = await handle(server, requestOf(call), outlet);
  const bytes = answer === undefined ? undefined : Buffer.byteLength(answer.body);
  const ms = host.clock.now() - began;
  metrics.count(labels, { code: answer?.status ?? 200, ms, waitedMs, bytes });
  return answer;
}

/** Keeps an answer that comes in parts until it has ended. */
class WholeOutlet implements Outlet {
  readonly waitingBytes = 0;
  readonly #parts: Uint8Array[] = [];
  readonly #reply = Promise.withResolvers<Reply>();
  #status = 500;

  get reply(): Promise<Reply> {
    return this.#reply.promise;
  }

  begin(status: number): void {
    this.#status = status;
  }

  write(bytes: Uint8Array): void {
    this.#parts.push(bytes);
  }

  end(): void {
    this.#reply.resolve({ status: this.#status, body: Buffer.concat(this.#parts).toString() });
  }

  destroy(): void {
    this.#reply.reject(new Fault("unavailable", "the answer was cut off"));
  }
}

function requestOf({ method, path, headers, body, signal }: Call): ApiRequest {
  const [before = "", search = ""] = path.split("?");
  const never = new AbortController().signal;
  return {
    method,
    path: before,
    search,
    query: new URLSearchParams(search),
    header: (name) => headers[name],
    headerValues: (name) => (headers[name] === undefined ? [] : [headers[name]]),
    headerNames: () => Object.keys(headers),
    body: () => Promise.resolve(Buffer.from(body)),
    certificate: () => SELF,
    signal: () => signal ?? never,
  };
}

async function* readLines(server: ApiServer, call: Call): AsyncIterable<string> {
  const lines = new LineOutlet();
  call.signal?.addEventListener("abort", () => lines.end(), { once: true });
  stream(server, call, lines).catch(() => lines.end());
  yield* lines.read();
}

/** Returns when the answer has begun; its lines come later. */
async function stream(server: ApiServer, call: Call, lines: LineOutlet): Promise<void> {
  const answer = await counted(server, call, lines);
  if (answer === undefined) return;
  lines.write(Buffer.from(`${String(answer.body).trimEnd()}\n`));
  lines.end();
}

/** Keeps what the server writes until it is read. */
class LineOutlet implements Outlet {
  #waiting: string[] = [];
  /** Of the lines that wait. */
  #length = 0;
  #rest = "";
  #ended = false;
  #wake: () => void = () => undefined;

  begin(): void {}

  get waitingBytes(): number {
    return this.#length;
  }

  write(bytes: Uint8Array): void {
    const lines = (this.#rest + Buffer.from(bytes).toString()).split("\n");
    this.#rest = lines.pop() ?? "";
    this.#waiting.push(...lines);
    this.#length = lines.reduce((sum, line) => sum + line.length, this.#length);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  destroy(): void {
    this.end();
  }

  async *read(): AsyncIterable<string> {
    for (;;) {
      const lines = this.#waiting;
      this.#waiting = [];
      this.#length = 0;
      yield* lines;
      if (this.#waiting.length > 0) continue;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
