/**
 * `rkt image sbom`: prints the bill of materials that is attached to a container image, or lists
 * all of them.
 */
import process from "node:process";
import type { Store, StoredImage } from "@rkt/image";
import { type AttachedReference, findSboms, type Sbom, type SbomOptions } from "@rkt/image/sbom";
import { parseImageReference, parseOciDigest, platformOf } from "@rkt/spec";
import { Fault, formatBytes, quote } from "@shared/base";
import { noLegend } from "../flags/format.ts";
import type { Call, Command } from "../grammar/command.ts";
import { choiceFlag, textFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { formatColumns } from "../output/columns.ts";
import { findImage } from "./find-image.ts";
import { imageHostOf, insecureOf } from "./image-host.ts";
import { openStoreOf } from "./open-store.ts";

const format = choiceFlag(
  { name: "format", usage: "'list' for a table of all there are; else one is printed", shown: "" },
  ["", "list"],
  "",
  (text) => `Invalid format option: ${text}`,
);
const digest = textFlag({ name: "digest", usage: "print the one of this digest" });

export const imageSbom: Command = {
  usage: "image sbom IMAGE",
  description: [
    "IMAGE is the ID or the name of a stored container image, docker://NAME, or oci:DIRECTORY.",
    "",
    "Prints the bill of materials (SPDX, CycloneDX) that the registry or the layout has for the",
    "image: a referrer, cosign's tag .sbom, or an attestation in the index. It is printed as it",
    "is: that it tells the truth is not proven.",
  ],
  flags: [digest, format, noLegend],
  grammar: "anywhere",
  run: showSboms,
};

async function showSboms(host: Host, call: Call): Promise<number | "usage"> {
  const [text, more] = call.args;
  if (text === undefined || more !== undefined) return "usage";
  using store = openStoreOf(host, call);
  const meant = meantBy(store, text);
  const options: SbomOptions = {
    insecure: insecureOf(call),
    platform: platformOf(process.platform, process.arch),
    ...(meant.manifest !== undefined && { manifest: meant.manifest }),
  };
  const sboms = await findSboms(imageHostOf(host, call, store), meant.reference, options);
  if (call.flags.get(format) === "list") host.print(table(sboms, call));
  else host.write("stdout", await chosen(sboms, call, text).read());
  return 0;
}

interface Meant {
  readonly reference: AttachedReference;
  readonly manifest?: NonNullable<SbomOptions["manifest"]>;
}

/** A stored image is asked for where it came from. */
function meantBy(store: Store, text: string): Meant {
  if (/^(?:docker|oci):/.test(text)) return { reference: attached(text) };
  const image = findImage(store, text);
  const [manifest] = image.format === "oci" ? store.blobsOf(image.id) : [];
  const source = store.referencesOf(image.id).find((each) => /^(?:docker|oci):/.test(each));
  if (source === undefined || manifest === undefined) throw nowhere(image);
  return { reference: attached(source), manifest: parseOciDigest(manifest) };
}

function attached(text: string): AttachedReference {
  const reference = parseImageReference(text, { exists: () => false });
  if (reference.kind === "docker" || reference.kind === "oci") return reference;
  throw new Fault("internal", `find what is attached to ${quote(text)}: it is no such place`);
}

function nowhere({ name, format: kind }: StoredImage): Fault {
  const reason =
    kind === "aci" ? "nothing can be attached to an ACI" : "its registry is not known any more";
  return new Fault("unsupported", `find what is attached to ${quote(name)}: ${reason}`);
}

function table(sboms: readonly Sbom[], { flags }: Call): string {
  const rows = sboms.map((sbom) => [
    sbom.digest,
    sbom.type,
    formatBytes(sbom.sizeBytes),
    sbom.from,
    sbom.mediaType.replace(/[^\x20-\x7e]/g, "?"),
  ]);
  const legend = ["DIGEST", "TYPE", "SIZE", "FROM", "MEDIA TYPE"];
  return formatColumns(flags.get(noLegend) ? rows : [legend, ...rows]);
}

function chosen(sboms: readonly Sbom[], { flags }: Call, text: string): Sbom {
  const wanted = flags.get(digest);
  const found = wanted === "" ? sboms[0] : sboms.find((sbom) => sbom.digest === wanted);
  if (found !== undefined) return found;
  const what = wanted === "" ? "a bill of materials" : quote(wanted);
  throw new Fault("not-found", `find ${what} of ${quote(text)}: nothing such is attached to it`);
}
