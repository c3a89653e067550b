/**
 * The stage1 of a pod: what the person chose flows in; the one that comes with this program, or a
 * proven image of the store, flows out.
 */
import { basename, join, resolve } from "node:path";
import type { Store, StoredImage } from "@rkt/image";
import { type ImageReference, parseImageReference } from "@rkt/spec";
import type { PrepareRequest } from "@rkt/stage0";
import { bundledStage1, bundledStage1Name } from "@rkt/stage1/bundled";
import { entrypointAnnotation } from "@rkt/stage1/contract";
import { Fault, quote } from "@shared/base";
import { siteDirectories, siteStage1 } from "../flags/site-directories.ts";
import { type Stage1Choice, stage1ChoiceOf } from "../flags/stage1.ts";
import type { Call } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { VERSION } from "../version.ts";

/** Where packages put stage1 images. */
const STAGE1_DIRECTORY = "/usr/lib/rkt/stage1-images";

/** @throws {Fault} what pulling throws; "invalid" for an image that is no stage1 */
export async function chooseStage1(
  host: Host,
  call: Call,
  store: Store,
): Promise<PrepareRequest["stage1"]> {
  const choice = stage1ChoiceOf(call.flags) ?? siteChoice(call, store);
  const own = bundledStage1Name("crun", VERSION);
  if (choice === undefined || meansOwn(choice, own)) {
    host.note(`image: using image from local store for image name ${own}`);
    return bundledStage1("crun", VERSION);
  }
  const image = await findImage(host, call, store, referenceOf(call, choice));
  const { manifest, layers } = image;
  const annotation = entrypointAnnotation("run");
  if (manifest.annotations?.some(({ name }) => name === annotation) !== true) {
    throw new Fault("invalid", `image ${quote(image.name)} is no stage1: it has no ${annotation}`);
  }
  store.touch(image.id, host.clock.now());
  return { manifest, layers };
}

/** The stage1 that this site uses: by its name while it is stored, else from where it lies. */
function siteChoice({ flags }: Call, store: Store): Stage1Choice | undefined {
  const { name, version, location } = siteStage1(flags);
  if (name === "" && location === "") return undefined;
  const text = `${name}:${version}`;
  const named = name !== "" && store.findByName(name, [{ name: "version", value: version }]);
  if (named || location === "") return { kind: "name", text };
  return /^[a-z][a-z0-9+.-]*:/.test(location)
    ? { kind: "url", text: location }
    : { kind: "path", text: location };
}

/** Its name, with or without the version. */
function meansOwn({ kind, text }: Stage1Choice, own: string): boolean {
  return kind === "name" && (text === own || text === own.slice(0, own.lastIndexOf(":")));
}

function referenceOf({ flags }: Call, { kind, text }: Stage1Choice): ImageReference {
  switch (kind) {
    case "path":
      return { kind: "file", path: resolve(text) };
    case "directory":
      if (basename(text) !== text) {
        throw new Fault("invalid", `--stage1-from-dir takes a file name, not ${quote(text)}`);
      }
      return {
        kind: "file",
        path: join(siteDirectories(flags).stage1Images || STAGE1_DIRECTORY, text),
      };
    default:
      return parseImageReference(text, { exists: () => false });
  }
}

async function findImage(
  host: Host,
  call: Call,
  store: Store,
  reference: ImageReference,
): Promise<StoredImage> {
  const { pull } = await import("@rkt/image");
  const { imageHostOf, insecureOf } = await import("./image-host.ts");
  const { ownPlatform } = await import("../flags/platform.ts");
  const options = { policy: "new", platform: ownPlatform(), insecure: insecureOf(call) } as const;
  return await pull(imageHostOf(host, call, store), reference, options);
}
