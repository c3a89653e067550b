/**
 * A web server of static files on a machine's loopback: busybox's httpd over plain HTTP, or
 * openssl's test server with a certificate that nobody has signed.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { must, startServer } from "../fixtures/process.ts";
import type { Machine } from "./machine.ts";

export interface WebServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` or `https://…` */
  readonly url: string;
  /** The files that it serves. */
  readonly directory: string;
}

/** The machine's network is its own, so the ports are free there. */
const PORT = 8300;
const TLS_PORT = 8343;

export async function startWebServer(
  machine: Machine,
  directory: string,
  options: { readonly tls: boolean } = { tls: false },
): Promise<WebServer> {
  const www = join(directory, "www");
  mkdirSync(www, { recursive: true });
  const port = options.tls ? TLS_PORT : PORT;
  const program = options.tls
    ? await tlsServer(directory)
    : `busybox httpd -f -p 127.0.0.1:${PORT}`;
  const serve = `cd ${www}; echo up; exec ${program}`;
  const server = await startServer([...machine.beside, "sh", "-c", serve], /^up$/m);
  const listening = `:${port.toString(16).toUpperCase()} 00000000:0000 0A`;
  await machine.shell(`until grep -q '${listening}' /proc/net/tcp; do sleep 0.02; done`);
  return {
    url: `${options.tls ? "https" : "http"}://127.0.0.1:${port}`,
    directory: www,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** The words that serve the current directory; the certificate is for 127.0.0.1 and for a day. */
async function tlsServer(directory: string): Promise<string> {
  const [key, certificate] = [join(directory, "tls.key"), join(directory, "tls.pem")];
  await must([
    ...["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
    ...["-nodes", "-days", "1", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
    ...["-keyout", key, "-out", certificate],
  ]);
  const files = `-key ${key} -cert ${certificate}`;
  return `openssl s_server -quiet -WWW -4 -accept 127.0.0.1:${TLS_PORT} ${files}`;
}
