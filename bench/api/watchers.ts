/**
 * How long after the start of a write a hundred watchers have heard of it. In: a server, a stream
 * and a write that it tells of. Out: percentiles over all watchers and writes. Reads the streams
 * as bytes: whatever the client spends, it takes from the server on the same cores.
 */
import { connect, type TLSSocket } from "node:tls";
import type { Target } from "./load.ts";

export interface Heard {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Watching {
  /** Of the stream. */
  readonly watch: string;
  /** What tells the stream, as `METHOD path`. */
  readonly write: string;
}

const WATCHERS = 100;
const WRITES = 300;
const PAUSE_MS = 10;

/** One writer, who waits a little after each write; every watcher hears every write. */
export async function hear(target: Target, { watch, write }: Watching): Promise<Heard> {
  const delays: number[] = [];
  const current = { mark: "", begin: 0 };
  const all = Promise.withResolvers<void>();
  const note = (bytes: Buffer): void => {
    if (!bytes.includes(current.mark)) return;
    delays.push((Bun.nanoseconds() - current.begin) / 1e6);
    if (delays.length === WATCHERS * WRITES) all.resolve();
  };
  const watchers = await Promise.all(Array.from({ length: WATCHERS }, () => open(target)));
  for (const watcher of watchers) {
    const began = new Promise((resolve) => watcher.once("data", resolve));
    watcher.write(head(target, `GET ${watch}`));
    await began;
    watcher.on("data", note);
  }
  const writer = await open(target);
  for (let n = 0; n < WRITES; n++) {
    const body = `{"data":{"write":"${n}"}}`;
    Object.assign(current, { mark: `"write":"${n}"`, begin: Bun.nanoseconds() });
    const answered = new Promise((resolve) => writer.once("data", resolve));
    writer.write(head(target, write, body));
    await answered;
    await Bun.sleep(PAUSE_MS);
  }
  await Promise.race([all.promise, Bun.sleep(2000)]);
  for (const socket of [writer, ...watchers]) socket.destroy();
  if (delays.length < WATCHERS * WRITES) throw new Error(`heard ${delays.length} only`);
  delays.sort((a, b) => a - b);
  const at = (part: number): number => delays[Math.floor(delays.length * part)] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

function open({ url }: Target): Promise<TLSSocket> {
  const { hostname: host, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false }, () => {
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

function head({ token }: Target, line: string, body: string = ""): string {
  const lines = [
    `${line} HTTP/1.1`,
    "Host: 127.0.0.1",
    `Authorization: Bearer ${token}`,
    "Content-Type: application/merge-patch+json",
    ...(body === "" ? [] : [`Content-Length: ${body.length}`]),
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}
