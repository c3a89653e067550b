/**
 * The image manifest of appc: a text flows in, a proven `ImageManifest` flows out; and back, byte
 * for byte as rkt prints it. Fields that the specification does not know are ignored and not kept.
 *
 * @see appc 0.8.11, aci.md "Image Manifest Schema"
 */
import { Fault } from "@shared/base";
import { parseAcIdentifier } from "./ac-name.ts";
import { orderedApp, orderedPair, readApp } from "./app.ts";
import type { Dependency, ImageManifest } from "./appc.ts";
import {
  given,
  parseDocument,
  readInteger,
  readList,
  readObject,
  readText,
  readTexts,
} from "./document.ts";
import { type PrintOptions, printGoJson, unlessEmpty } from "./go-json.ts";
import { readAnnotations, readLabels } from "./labels.ts";
import { checkKind, readImageId, readVersion } from "./manifest-head.ts";

/**
 * The manifest that a text of at most 1 MiB holds.
 * Faults: invalid, with rkt's words where rkt has some.
 */
export function parseImageManifest(text: string): ImageManifest {
  const document = parseDocument(text, { what: "image manifest" });
  const acVersion = readVersion(document);
  const name = readText(document["name"], "name");
  if (name !== undefined) parseAcIdentifier(name);
  const body = {
    labels: readLabels(document["labels"], "labels"),
    app: readApp(document["app"], "app"),
    annotations: readAnnotations(document["annotations"], "annotations"),
    dependencies: readList(document["dependencies"], "dependencies", readDependency),
    pathWhitelist: readTexts(document["pathWhitelist"], "pathWhitelist"),
  };
  checkKind(document, "ImageManifest");
  if (acVersion === undefined) throw new Fault("invalid", "acVersion must be set");
  if (name === undefined) throw new Fault("invalid", "name must be set");
  return given<ImageManifest>({ acKind: "ImageManifest", acVersion, name, ...body });
}

/** The manifest as `rkt image cat-manifest` prints it, without a line end. */
export function printImageManifest(manifest: ImageManifest, options: PrintOptions): string {
  const { acKind, acVersion, name, labels, app, annotations, dependencies } = manifest;
  const ordered = {
    acKind,
    acVersion,
    name,
    labels: unlessEmpty(labels)?.map(orderedPair),
    app: app && orderedApp(app),
    annotations: unlessEmpty(annotations)?.map(orderedPair),
    dependencies: unlessEmpty(dependencies)?.map(orderedDependency),
    pathWhitelist: unlessEmpty(manifest.pathWhitelist),
  };
  return printGoJson(ordered, options);
}

function readDependency(value: unknown, place: string): Dependency {
  const dependency = readObject(value, place);
  const imageName = readText(dependency["imageName"], `${place}.imageName`);
  if (imageName === undefined) throw new Fault("invalid", "imageName cannot be empty");
  const sizes = { min: 0, max: Number.MAX_SAFE_INTEGER };
  return given<Dependency>({
    imageName: parseAcIdentifier(imageName),
    imageID: readImageId(dependency["imageID"], `${place}.imageID`),
    labels: readLabels(dependency["labels"], `${place}.labels`),
    size: readInteger(dependency["size"], `${place}.size`, sizes),
  });
}

function orderedDependency({ imageName, imageID, labels, size }: Dependency): object {
  return {
    imageName,
    imageID,
    labels: unlessEmpty(labels)?.map(orderedPair),
    size: size === 0 ? undefined : size,
  };
}
