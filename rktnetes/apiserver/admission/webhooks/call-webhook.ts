/**
 * One question to one webhook, over TLS. In: where it is, an AdmissionReview. Out: what it
 * answered.
 * @throws {Fault} "unavailable", in the words of a failed call
 */
import { request as httpsRequest } from "node:https";
import { request as httpRequest } from "node:http";
import { isIP } from "node:net";
import type { WebhookClientConfig } from "@rktnetes/api/types/admissionregistration-v1";
import { Fault } from "@shared/base";
import { type ResolveParts, resolveService } from "../../aggregation/resolve-service.ts";

export interface WebhookCall {
  readonly config: WebhookClientConfig;
  readonly timeoutSeconds: number;
  readonly body: string;
  /** The webhook is told of the timeout, unless it is not. */
  readonly saysTimeout?: boolean;
  /** In bytes. */
  readonly answerMax?: number;
}

/** An answer may be this long. */
const ANSWER_MAX = 3 * 1024 * 1024;

interface Place {
  readonly url: URL;
  readonly host: string;
  readonly port: number;
  /** Whom the certificate must name. */
  readonly serverName: string;
}

export async function callWebhook(parts: ResolveParts, call: WebhookCall): Promise<string> {
  const { config } = call;
  const url = addressOf(call);
  try {
    return await post(await placeOf(parts, config, url), call);
  } catch (error) {
    const port = config.service?.port ?? 443;
    const shown =
      config.service === undefined || port !== 443
        ? url.href
        : url.href.replace(`//${url.host}`, `//${url.host}:443`);
    const what = `Post ${JSON.stringify(shown)}`;
    throw new Fault("unavailable", `${what}: ${Fault.from(error).message}`);
  }
}

function addressOf({ config, timeoutSeconds, saysTimeout = true }: WebhookCall): URL {
  const { service, url = "" } = config;
  const port = service?.port ?? 443;
  const address = new URL(
    service === undefined
      ? url
      : `https://${service.name}.${service.namespace}.svc:${port}${service.path ?? "/"}`,
  );
  if (saysTimeout) address.searchParams.set("timeout", `${timeoutSeconds}s`);
  return address;
}

async function placeOf(
  parts: ResolveParts,
  { service }: WebhookClientConfig,
  url: URL,
): Promise<Place> {
  if (service === undefined) {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const port = Number(url.port === "" ? 443 : url.port);
    return { url, host, port, serverName: host };
  }
  const { namespace, name, port = 443 } = service;
  const address = await resolveService(parts, { namespace, name, port });
  return { url, ...address, serverName: `${name}.${namespace}.svc` };
}

function post(place: Place, call: WebhookCall): Promise<string> {
  const { url, host, port, serverName } = place;
  const { config, timeoutSeconds, body, answerMax = ANSWER_MAX } = call;
  const path = `${url.pathname}${url.search}`;
  const headers = {
    accept: "application/json, */*",
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    host: url.port === "" ? url.hostname : `${url.hostname}:${url.port}`,
    "user-agent": "kube-apiserver-admission",
  };
  const bundle = config.caBundle ?? "";
  const authority = bundle === "" ? {} : { ca: Buffer.from(bundle, "base64").toString() };
  const options = { host, port, path, method: "POST", headers, agent: false } as const;
  const isPlain = url.protocol === "http:";
  return new Promise((resolve, reject) => {
    const request = isPlain
      ? httpRequest(options)
      : httpsRequest({ ...options, ...namedServer(serverName), ...authority });
    const timer = setTimeout(() => {
      request.destroy(new Fault("timeout", "context deadline exceeded"));
    }, timeoutSeconds * 1000);
    request.on("error", (error: Error & { code?: string }) => {
      clearTimeout(timer);
      reject(new Fault("unavailable", wordsFor(error, host, port)));
    });
    request.on("response", (response) => {
      const parts: Buffer[] = [];
      let length = 0;
      response.on("data", (part: Buffer) => {
        length += part.length;
        if (length > answerMax) request.destroy(new Fault("exhausted", "the answer is too long"));
        else parts.push(part);
      });
      response.on("end", () => {
        clearTimeout(timer);
        const text = Buffer.concat(parts).toString();
        const status = response.statusCode ?? 0;
        if (status >= 200 && status < 300) resolve(text);
        else reject(new Fault("unavailable", `the server answered with status ${status}`));
      });
    });
    request.end(body);
  });
}

/** An address stands for itself; only names are told to the server. */
function namedServer(name: string): { readonly servername?: string } {
  return isIP(name) === 0 ? { servername: name } : {};
}

function wordsFor(error: Error & { code?: string }, host: string, port: number): string {
  const where = `dial tcp ${host.includes(":") ? `[${host}]` : host}:${port}`;
  switch (error.code) {
    case "ECONNREFUSED":
      return `${where}: connect: connection refused`;
    case "EHOSTUNREACH":
      return `${where}: connect: no route to host`;
    case "ENETUNREACH":
      return `${where}: connect: network is unreachable`;
    case "ENOTFOUND":
      return `dial tcp: lookup ${host}: no such host`;
    default:
      return error.message;
  }
}
