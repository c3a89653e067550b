/**
 * Requests for certificates go some time after they were decided, or when nobody decided. In:
 * requests. Out: deletions.
 */
import type { JsonObject } from "@rktnetes/api/schema";
import type { CertificateSigningRequest } from "@rktnetes/api/types/certificates-v1";
import type { Outcome } from "@rktnetes/client/work-queue";
import type { Controller, ControllerHost } from "../controller.ts";
import { conditionTimeOf, followRequests, REQUESTS } from "./requests.ts";

export const CLEANING: Controller = { name: "certificatesigningrequest-cleaner-controller", run };

const HOUR_MS = 3_600_000;
const PENDING_MS = 24 * HOUR_MS;
/** Timers count no further than this. */
const LOOK_MS = HOUR_MS;

async function run(host: ControllerHost): Promise<void> {
  await followRequests(host, async (object) => await settle(host, object));
}

async function settle(
  { client, clock, signer }: ControllerHost,
  object: JsonObject,
): Promise<Outcome> {
  const request = object as unknown as CertificateSigningRequest;
  const { metadata, status } = request;
  const certificate = Buffer.from(status?.certificate ?? "", "base64").toString();
  const expiry = certificate === "" ? undefined : expiryOf(signer, certificate);
  const endMs = Math.min(endOf(request), expiry ?? Number.POSITIVE_INFINITY);
  const left = endMs - clock.now();
  if (left > 0) return { againMs: Math.min(left, LOOK_MS) };
  const preconditions = { uid: metadata.uid ?? "" };
  await client.delete({ ...REQUESTS, name: metadata.name ?? "" }, { preconditions });
  return undefined;
}

function endOf(request: CertificateSigningRequest): number {
  const created = Date.parse(request.metadata.creationTimestamp ?? "");
  const ends = (["Denied", "Failed", "Approved"] as const).flatMap((type) => {
    const time = conditionTimeOf(request, type);
    return time === undefined ? [] : [time + HOUR_MS];
  });
  return ends.length === 0 ? created + PENDING_MS : Math.min(...ends);
}

function expiryOf(signer: ControllerHost["signer"], certificate: string): number | undefined {
  try {
    return signer?.expiryOf(certificate);
  } catch {
    return undefined; // signed by somebody else, in a form of their own
  }
}
