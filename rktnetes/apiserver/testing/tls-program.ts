/** A program that answers JSON over TLS, with an authority of its own: a webhook, for tests. */
import { randomBytes } from "node:crypto";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { JsonObject } from "@rktnetes/api/schema";
import { systemClock } from "@shared/base";
import { createAuthority, issueCertificate } from "../certificates/certificates.ts";

/** Answers with a document, or with a status and a text. */
export type Answering = (
  asked: JsonObject,
  path: string,
) => JsonObject | { readonly status: number; readonly text: string };

export interface TlsProgram extends AsyncDisposable {
  readonly url: string;
  /** As clients of a webhook are told of it. */
  readonly caBundle: string;
}

export async function startTlsProgram(answer: Answering): Promise<TlsProgram> {
  const now = systemClock.now();
  const times = { notBeforeMs: now - 60_000, notAfterMs: now + 3_600_000 };
  const authority = createAuthority({ ...times, commonName: "test", serial: randomBytes(16) });
  const names = ["127.0.0.1"];
  const leaf = { ...times, commonName: "program", purpose: "server", names } as const;
  const { key, certificate } = issueCertificate(authority, { ...leaf, serial: randomBytes(16) });
  const server = createServer({ key, cert: certificate }, (request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const asked = JSON.parse(Buffer.concat(parts).toString()) as JsonObject;
      const said = answer(asked, request.url ?? "");
      const { status, text } = said;
      const isPlain = typeof status === "number" && typeof text === "string";
      response.writeHead(isPlain ? status : 200, { "content-type": "application/json" });
      response.end(isPlain ? text : JSON.stringify(said));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}`,
    caBundle: Buffer.from(authority.certificate).toString("base64"),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
