/**
 * How an OCI image was built, as its configuration tells: a text flows in, steps flow out, oldest
 * first. Nothing of an image depends on it.
 *
 * @see OCI image-spec 1.1, config.md, history
 */
import { given, parseDocument, readBoolean, readList, readObject, readText } from "./document.ts";

/** One step of a build. */
export interface OciStep {
  /** RFC 3339. */
  readonly created?: string;
  readonly author?: string;
  /** The command that made it. */
  readonly createdBy?: string;
  readonly comment?: string;
  /** It changed no file, so no layer belongs to it. */
  readonly isEmptyLayer: boolean;
}

const LIMIT_BYTES = 4 * 1024 * 1024;

/** The steps of an image configuration, oldest first; none where it tells nothing. */
export function parseOciHistory(text: string): readonly OciStep[] {
  const document = parseDocument(text, { what: "image configuration", limitBytes: LIMIT_BYTES });
  return readList(document["history"], "history", readStep) ?? [];
}

function readStep(value: unknown, place: string): OciStep {
  const step = readObject(value, place);
  const textAt = (field: string): string | undefined =>
    readText(step[field], `${place}.${field}`) || undefined;
  return given<OciStep>({
    created: textAt("created"),
    author: textAt("author"),
    createdBy: textAt("created_by"),
    comment: textAt("comment"),
    isEmptyLayer: readBoolean(step["empty_layer"], `${place}.empty_layer`) ?? false,
  });
}
