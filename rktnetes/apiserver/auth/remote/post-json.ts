/**
 * One document sent to a program, and what it answers. In: where it is, JSON. Out: JSON. What
 * cannot be reached is tried again a few times. @throws {Fault} "unavailable"
 */
import { request as httpRequest } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { isIP } from "node:net";
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { type Clock, Fault } from "@shared/base";
import { objectOf } from "../config/config-file.ts";
import type { RemoteConfig } from "./remote-config.ts";

const ANSWER_MAX = 3 * 1024 * 1024;
const TRIES = 5;
const FIRST_WAIT_MS = 500;

export interface PostOptions {
  readonly timeoutMs: number;
  readonly clock: Clock;
}

export async function postJson(
  remote: RemoteConfig,
  document: JsonObject,
  { timeoutMs, clock }: PostOptions,
): Promise<JsonObject> {
  const body = JSON.stringify(document);
  const until = clock.now() + timeoutMs;
  let wait = FIRST_WAIT_MS;
  for (let attempt = 1; ; attempt++) {
    const outcome = await once(remote, body, until - clock.now());
    if (outcome.type === "answer") return outcome.document;
    const isOver = attempt === TRIES || clock.now() + wait >= until;
    if (isOver || !outcome.isPassing) throw outcome.fault;
    await clock.sleep(wait);
    wait *= 1.5;
  }
}

type Outcome =
  | { readonly type: "answer"; readonly document: JsonObject }
  | { readonly type: "failed"; readonly fault: Fault; readonly isPassing: boolean };

function once(remote: RemoteConfig, body: string, timeoutMs: number): Promise<Outcome> {
  const url = new URL(remote.url);
  const send = url.protocol === "http:" ? httpRequest : httpsRequest;
  const failed = (why: string, isPassing: boolean): Outcome => {
    const fault = new Fault("unavailable", `post to ${JSON.stringify(remote.url)}: ${why}`);
    return { type: "failed", fault, isPassing };
  };
  return new Promise((resolve) => {
    const request = send(url, optionsOf(remote, url, body), (response) => {
      const parts: Buffer[] = [];
      let length = 0;
      response.on("data", (part: Buffer) => {
        length += part.length;
        if (length > ANSWER_MAX) request.destroy(new Error("the answer is too long"));
        else parts.push(part);
      });
      response.on("end", () => {
        clearTimeout(timer);
        const status = response.statusCode ?? 0;
        if (status < 200 || status >= 300) {
          const isPassing = status === 429 || status >= 500;
          return resolve(failed(`it answered with status ${status}`, isPassing));
        }
        const document = parsed(Buffer.concat(parts).toString());
        if (document === undefined) return resolve(failed("it answered no JSON", false));
        resolve({ type: "answer", document });
      });
    });
    const timer = setTimeout(() => request.destroy(new Error("no answer in time")), timeoutMs);
    request.on("error", (error) => {
      clearTimeout(timer);
      resolve(failed(error.message, true));
    });
    request.end(body);
  });
}

function optionsOf(remote: RemoteConfig, url: URL, body: string): RequestOptions {
  const { authority, certificate, key, token, serverName, isTrustedBlindly } = remote;
  const host = serverName ?? url.hostname;
  return {
    method: "POST",
    agent: false,
    headers: {
      "content-type": "application/json",
      accept: "application/json",
      "content-length": Buffer.byteLength(body),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(authority === undefined ? {} : { ca: authority }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(isTrustedBlindly ? { rejectUnauthorized: false } : {}),
  };
}

/** Those who are only told something need not answer anything. */
function parsed(text: string): JsonObject | undefined {
  if (text.trim() === "") return {};
  try {
    return objectOf(JSON.parse(text) as Json);
  } catch {
    return undefined;
  }
}
