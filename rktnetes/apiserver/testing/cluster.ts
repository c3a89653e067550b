/**
 * A whole API server, on the store in memory unless another is given, for tests of what lies behind
 * its door.
 */
import { generateKeyPairSync } from "node:crypto";
import { findKind } from "@rktnetes/api/kinds";
import { type Clock, systemClock } from "@shared/base";
import { ApiServer } from "../api-server.ts";
import type { Registry } from "../registry/registry.ts";
import type { Resource } from "../registry/resource.ts";
import type { WriteRequest } from "../registry/written.ts";
import type { Store } from "../storage/store.ts";
import { MemoryStore } from "../storage/memory/memory-store.ts";

export interface Cluster extends AsyncDisposable {
  readonly server: ApiServer;
  readonly registry: Registry;
  resource(group: string, plural: string): Promise<Resource>;
  /** A write by `tester` of `system:masters`, with what is said otherwise. */
  request(parts?: Partial<WriteRequest>): WriteRequest;
}

export const ISSUER = "https://issuer.test";

/** The store goes with the cluster. */
export async function openCluster(
  clock: Clock = systemClock,
  store: Store = new MemoryStore(),
): Promise<Cluster> {
  const { privateKey: signing } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const server = await ApiServer.open({
    store,
    host: {
      clock,
      uuid: () => crypto.randomUUID(),
      letters: (count) => "bcdfg".slice(0, count),
      random: () => 0.5,
    },
    auth: { serviceAccounts: { issuer: ISSUER, audiences: [ISSUER], signing } },
  });
  const { registry } = server;
  return {
    server,
    registry,
    resource: async (group, plural) => {
      const kind = findKind(group, "v1", plural);
      if (kind === undefined) throw new Error(`no such resource: ${group}/${plural}`);
      return await registry.resource(kind);
    },
    request: (parts = {}) => ({ ...REQUEST, ...parts }),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

const REQUEST: WriteRequest = {
  namespace: "",
  name: "",
  subresource: "",
  dryRun: false,
  user: { name: "tester", uid: "", groups: ["system:masters"], extra: {} },
  fieldManager: "test",
  warn: () => undefined,
};
