/**
 * What a fresh cluster has before anybody asked for it, written in one commit. In: a store. A store
 * that has it already is not written to.
 */
import { encodeJson } from "@rktnetes/api/codec/encode";
import { findKind } from "@rktnetes/api/kinds";
import type { JsonObject } from "@rktnetes/api/schema";
import { assert } from "@shared/base";
import { type ServerHost, timestamp } from "../host.ts";
import { objectKey, resourcePrefix } from "../registry/keys.ts";
import type { Store, Write } from "../storage/store.ts";

const NAMESPACES = ["default", "kube-node-lease", "kube-public", "kube-system"];

export async function bootstrap(store: Store, host: ServerHost): Promise<void> {
  const kind = findKind("", "v1", "namespaces");
  assert(kind !== undefined, "namespaces are a kind");
  const prefix = resourcePrefix(kind);
  const page = await store.list(prefix, { limit: 1 });
  if (page.entries.length > 0) return;
  const writes = NAMESPACES.map((name): Write => {
    const value = Buffer.from(encodeJson(kind.schema, namespaceNamed(name, host)));
    return { change: { type: "put", key: objectKey(prefix, "", name), value }, expected: 0 };
  });
  await store.commit(writes);
}

function namespaceNamed(name: string, host: ServerHost): JsonObject {
  return {
    kind: "Namespace",
    apiVersion: "v1",
    metadata: {
      name,
      uid: host.uuid(),
      creationTimestamp: timestamp(host.clock.now()),
      labels: { "kubernetes.io/metadata.name": name },
    },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  };
}
