/** A web server of static files on a machine's loopback: busybox's httpd, over plain HTTP. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../fixtures/process.ts";
import type { Machine } from "./machine.ts";

export interface WebServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** The files that it serves. */
  readonly directory: string;
}

/** The machine's network is its own, so the port is free there. */
const PORT = 8300;

export async function startWebServer(machine: Machine, directory: string): Promise<WebServer> {
  const www = join(directory, "www");
  mkdirSync(www, { recursive: true });
  const serve = `echo up; exec busybox httpd -f -p 127.0.0.1:${PORT} -h ${www}`;
  const server = await startServer([...machine.beside, "sh", "-c", serve], /^up$/m);
  const listening = `:${PORT.toString(16).toUpperCase()} 00000000:0000 0A`;
  await machine.shell(`until grep -q '${listening}' /proc/net/tcp; do sleep 0.02; done`);
  return {
    url: `http://127.0.0.1:${PORT}`,
    directory: www,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
