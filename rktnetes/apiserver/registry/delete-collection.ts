/**
 * Deleting what a list shows, a few at a time. In: a query and options. Out: the list as it was.
 * Objects that go meanwhile are nobody's fault. @throws {StatusFault} 400, 403, 409
 */
import { StatusFault } from "@rktnetes/api/status-fault";
import { type DeleteRequest, deleteObject } from "./delete.ts";
import { list, type ObjectList } from "./list.ts";
import { metaText } from "./metadata.ts";
import type { ListQuery } from "./options/list-options.ts";
import type { Registry } from "./registry.ts";
import type { Resource } from "./resource.ts";

/** So many deletions run side by side. */
const AT_ONCE = 16;

export async function deleteCollection(
  registry: Registry,
  resource: Resource,
  query: ListQuery,
  request: Omit<DeleteRequest, "name">,
): Promise<ObjectList> {
  const found = await list(registry, resource, request.namespace, query);
  for (let at = 0; at < found.objects.length; at += AT_ONCE) {
    const some = found.objects.slice(at, at + AT_ONCE);
    await Promise.all(
      some.map(({ object }) => {
        const namespace = metaText(object, "namespace");
        const name = metaText(object, "name");
        return orGone(deleteObject(registry, resource, { ...request, namespace, name }));
      }),
    );
  }
  return found;
}

async function orGone(deletion: Promise<unknown>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    if (!(error instanceof StatusFault) || error.failure.code !== 404) throw error;
  }
}
