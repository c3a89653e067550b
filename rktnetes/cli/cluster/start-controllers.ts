/**
 * The controllers of `rktnetes server`, in the server's own process. In: a server that listens and
 * the names that were chosen. Out: nothing; they end with the signal.
 */
import process from "node:process";
import type { ApiServer } from "@rktnetes/apiserver/api-server";
import { Client } from "@rktnetes/client/client";
import { runControllers } from "@rktnetes/controllers/run";
import { describeFault, systemClock } from "@shared/base";
import { localTransport } from "./local-transport.ts";

/** Named in managed fields, as where Kubernetes runs these controllers. */
const USER_AGENT = "kube-controller-manager/rktnetes";

export function startControllers(
  server: ApiServer,
  names: readonly string[],
  authority: string,
): void {
  const host = {
    client: new Client(localTransport(server), { userAgent: USER_AGENT }),
    clock: systemClock,
    signal: server.stopping,
    authority,
    note: (line: string): void => void process.stderr.write(`rktnetes: ${line}\n`),
  };
  runControllers(host, names).catch((error: unknown) => {
    if (!server.stopping.aborted) host.note(`run controllers: ${describeFault(error)}`);
  });
}
