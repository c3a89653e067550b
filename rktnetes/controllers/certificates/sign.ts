/**
 * Certificates for requests that somebody approved. In: requests for the signers of the cluster.
 * Out: their certificate, or why there will be none.
 */
import type { JsonObject } from "@rktnetes/api/schema";
import type { CertificateSigningRequest } from "@rktnetes/api/types/certificates-v1";
import { Fault } from "@shared/base";
import type { Controller, ControllerHost, RequestSigner } from "../controller.ts";
import { conditionTimeOf, followRequests, pemOf, REQUESTS } from "./requests.ts";
import { isKnownSigner, signerProblem } from "./signer-rules.ts";

export const SIGNING: Controller = { name: "certificatesigningrequest-signing-controller", run };

const YEAR_MS = 365 * 86_400_000;
const SHORTEST_MS = 600_000;
const BACKDATED_MS = 300_000;
/** Longer certificates end by as much earlier as they begin earlier. */
const SHORT_MS = 8 * 3_600_000;

async function run(host: ControllerHost): Promise<void> {
  const { signer } = host;
  if (signer === undefined) return;
  await followRequests(host, async (object) => {
    await settle(host, signer, object);
    return undefined;
  });
}

async function settle(
  { client, clock }: ControllerHost,
  signer: RequestSigner,
  object: JsonObject,
): Promise<void> {
  const request = object as unknown as CertificateSigningRequest;
  const { spec, status, metadata } = request;
  if ((status?.certificate ?? "") !== "" || !isKnownSigner(spec.signerName)) return;
  const has = (type: "Approved" | "Denied" | "Failed"): boolean =>
    conditionTimeOf(request, type) !== undefined;
  if (!has("Approved") || has("Denied") || has("Failed")) return;
  const pem = pemOf(request);
  const usages = spec.usages ?? [];
  const problem = problemOf(signer, { pem, usages, name: spec.signerName });
  const now = clock.now();
  const next =
    problem === undefined
      ? { certificate: base64(signer.sign(pem, { usages, ...timesOf(request, now) })) }
      : { conditions: [...(status?.conditions ?? []), failure(problem, now)] };
  const place = { ...REQUESTS, name: metadata.name ?? "", subresource: "status" };
  await client.replace(place, { ...object, status: { ...status, ...next } as JsonObject });
}

interface Asked {
  readonly pem: string;
  readonly usages: readonly string[];
  readonly name: string;
}

function problemOf(signer: RequestSigner, { pem, usages, name }: Asked): string | undefined {
  try {
    return signerProblem(name, signer.read(pem), usages);
  } catch (error) {
    return Fault.from(error).message;
  }
}

function timesOf(
  { spec }: CertificateSigningRequest,
  now: number,
): { readonly notBeforeMs: number; readonly notAfterMs: number } {
  const asked = (spec.expirationSeconds ?? YEAR_MS / 1000) * 1000;
  const length = Math.min(Math.max(asked, SHORTEST_MS), YEAR_MS);
  const notAfterMs = now + length - (length < SHORT_MS ? 0 : BACKDATED_MS);
  return { notBeforeMs: now - BACKDATED_MS, notAfterMs };
}

function failure(message: string, now: number): JsonObject {
  const time = `${new Date(now).toISOString().slice(0, 19)}Z`;
  return {
    type: "Failed",
    status: "True",
    reason: "SignerValidationFailure",
    message,
    lastUpdateTime: time,
    lastTransitionTime: time,
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
