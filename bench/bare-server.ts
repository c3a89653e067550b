/**
 * The peer: the least that an HTTPS server on Bun can do. In: a file with a key, a certificate and
 * the bytes to answer per path. Out: those bytes to whatever asks. `/write` brings what it is sent
 * to the disk, beside that file, and then to all who hold `/watch` open.
 */
import { readFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

export interface BareAnswers {
  readonly key: string;
  readonly certificate: string;
  /** By `METHOD path`; a path that ends in `*` stands for all that begin so. */
  readonly answers: Readonly<Record<string, string>>;
}

function serve({ key, certificate, answers }: BareAnswers, log: FileHandle): number {
  const exact = new Map(Object.entries(answers).map(([at, text]) => [at, Buffer.from(text)]));
  const begins = [...exact].filter(([at]) => at.endsWith("*"));
  const streams = new Set<ReadableStreamDefaultController<string>>();
  const find = (at: string): Buffer | undefined =>
    exact.get(at) ?? begins.find(([start]) => at.startsWith(start.slice(0, -1)))?.[1];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    tls: { key, cert: certificate },
    fetch: async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/watch") return watch(streams);
      const written = request.body === null ? "" : await request.text();
      if (pathname === "/write") {
        await log.write(written);
        await log.datasync();
        for (const stream of streams) stream.enqueue(`${written}\n`);
      }
      const body = find(`${request.method} ${pathname}`);
      return new Response(body ?? written, { headers: { "content-type": "application/json" } });
    },
  });
  return server.port ?? 0;
}

function watch(streams: Set<ReadableStreamDefaultController<string>>): Response {
  let own: ReadableStreamDefaultController<string> | undefined;
  const body = new ReadableStream<string>({
    start: (controller) => {
      own = controller;
      streams.add(controller);
      controller.enqueue("\n");
    },
    cancel: () => {
      if (own !== undefined) streams.delete(own);
    },
  });
  return new Response(body, { headers: { "content-type": "application/json" } });
}

if (import.meta.main) {
  const file = process.argv[2] ?? "";
  const answers = JSON.parse(readFileSync(file, "utf8")) as BareAnswers;
  const log = await open(`${file}.log`, "w");
  console.log(`ready on https://127.0.0.1:${serve(answers, log)}`);
}
