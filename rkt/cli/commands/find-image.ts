/**
 * The stored image that a command line names, by id or by name, with rkt's words where there is
 * none.
 */
import type { Store, StoredImage } from "@rkt/image";
import { fullDockerReference, type NameValue, parseImageReference } from "@rkt/spec";
import { Fault, quote } from "@shared/base";

/**
 * Finds by the beginning of an id, by the name that `image list` shows, by an appc name with
 * labels, or by the reference under which the image was fetched. @throws {Fault} "not-found",
 * "ambiguous", "invalid"
 */
export function findImage(store: Store, text: string): StoredImage {
  const shown = store
    .list()
    .filter(({ name }) => name === text || name.replace(/:[^:/]*$/, "") === text)
    .at(-1);
  if (shown !== undefined) return shown;
  const reference = parseImageReference(text, { exists: () => false });
  if (reference.kind === "hash") return store.findById(reference.prefix);
  if (reference.kind !== "name") {
    const fetched = store.findByReference(
      reference.kind === "docker" ? `docker://${fullDockerReference(reference)}` : text,
    );
    if (fetched !== undefined) return fetched;
    throw new Fault(
      "not-found",
      `cannot find an image fetched as ${quote(text)} in the local store`,
    );
  }
  const { name, labels } = reference;
  const named = store.findByName(name, labels);
  if (named !== undefined) return named;
  const wanted = `name: ${quote(name)} and labels: ${labelsText(labels)}`;
  throw new Fault("not-found", `cannot find aci satisfying ${wanted} in the local store`);
}

/** `[{"version" "3"}]`, as Go prints them. */
function labelsText(labels: readonly NameValue[]): string {
  return `[${labels.map(({ name, value }) => `{${quote(name)} ${quote(value)}}`).join(" ")}]`;
}
