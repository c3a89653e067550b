/**
 * The controllers of `rktnetes server`, in the server's own process. In: a server that listens and
 * the names that were chosen. Out: nothing; they end with the signal.
 */
import process from "node:process";
import type { ApiServer } from "@rktnetes/apiserver/api-server";
import { bootstrapObjects } from "@rktnetes/apiserver/bootstrap";
import type { KeyPair } from "@rktnetes/apiserver/certificates";
import { Client } from "@rktnetes/client/client";
import { keepFlowControl } from "@rktnetes/controllers/flow-control";
import { keepPublished, publish, type Published } from "@rktnetes/controllers/kubernetes-service";
import { type ControllerHost, runControllers } from "@rktnetes/controllers/run";
import { describeFault, systemClock } from "@shared/base";
import { localTransport } from "./local-transport.ts";
import { requestSigner } from "./request-signer.ts";

/** Named in managed fields, as where Kubernetes runs these controllers. */
const USER_AGENT = "kube-controller-manager/rktnetes";

/** The server itself makes the service by which others reach it. */
const OWN_AGENT = "kube-apiserver/rktnetes";

/** Publishes where the server listens; resolves when that was done once. */
export async function startPublishing(
  server: ApiServer,
  published: Published,
  authority: string,
): Promise<void> {
  const host = hostOf(server, OWN_AGENT, authority);
  try {
    await publish(host.client, published);
  } catch (error) {
    host.note(`publish the API server: ${describeFault(error)}`);
  }
  void keepPublished(host, published);
}

/** Flow schemas have their status, and those that are needed stay. */
export function startFlowControl(server: ApiServer, authority: string): void {
  const host = hostOf(server, OWN_AGENT, authority);
  const group = "flowcontrol.apiserver.k8s.io";
  const needed = {
    schemas: bootstrapObjects(`${group}/flowschemas`),
    levels: bootstrapObjects(`${group}/prioritylevelconfigurations`),
  };
  void keepFlowControl(host, needed);
}

export function startControllers(
  server: ApiServer,
  names: readonly string[],
  authority: KeyPair,
): void {
  const signer = requestSigner(authority);
  const host = { ...hostOf(server, USER_AGENT, authority.certificate), signer };
  runControllers(host, names).catch((error: unknown) => {
    if (!server.stopping.aborted) host.note(`run controllers: ${describeFault(error)}`);
  });
}

function hostOf(server: ApiServer, userAgent: string, authority: string): ControllerHost {
  return {
    client: new Client(localTransport(server), { userAgent }),
    clock: systemClock,
    signal: server.stopping,
    authority,
    note: (line: string): void => void process.stderr.write(`rktnetes: ${line}\n`),
  };
}
