/** Requests for certificates, as the controllers see them: their queue and their conditions. */
import type { JsonObject } from "@rktnetes/api/schema";
import { StatusFault } from "@rktnetes/api/status-fault";
import type { CertificateSigningRequest } from "@rktnetes/api/types/certificates-v1";
import type { Place } from "@rktnetes/client/client";
import { Informer, keyOf } from "@rktnetes/client/informer";
import { type Outcome, WorkQueue } from "@rktnetes/client/work-queue";
import type { ControllerHost } from "../controller.ts";

export const REQUESTS: Place = {
  group: "certificates.k8s.io",
  version: "v1",
  resource: "certificatesigningrequests",
};

/** Calls `settle` for every request that comes or changes, until the signal aborts. */
export async function followRequests(
  { client, clock, signal, note }: ControllerHost,
  settle: (request: JsonObject) => Promise<Outcome>,
): Promise<void> {
  const work = async (key: string): Promise<Outcome> => {
    const request = informer.objects.get(key);
    return request === undefined ? undefined : await settle(request);
  };
  const queue = new WorkQueue(work, {
    clock,
    signal,
    workers: 2,
    failed: (key, error) => {
      const isUsual = error instanceof StatusFault && [404, 409].includes(error.failure.code);
      if (!isUsual) note(`controller: request for certificate ${key}: ${String(error)}`);
    },
  });
  const listener = { changed: (each: JsonObject) => queue.add(keyOf(each)), deleted: () => {} };
  const informer = new Informer(client, REQUESTS, listener, { clock, signal });
  await informer.run();
}

export type RequestCondition = "Approved" | "Denied" | "Failed";

/** When the condition was last written, in ms; undefined for requests that lack it. */
export function conditionTimeOf(
  { status, metadata }: CertificateSigningRequest,
  wanted: RequestCondition,
): number | undefined {
  const found = (status?.conditions ?? []).find(({ type }) => type === wanted);
  if (found === undefined) return undefined;
  return Date.parse(found.lastUpdateTime ?? metadata.creationTimestamp ?? "");
}

/** The PEM of the request itself. */
export function pemOf({ spec }: CertificateSigningRequest): string {
  return Buffer.from(spec.request ?? "", "base64").toString();
}
