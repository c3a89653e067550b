/**
 * Ways of container images between stores: to a registry, to and from archives, and under other
 * names. A part of the package of its own: few commands need it.
 */
export { loadArchive } from "../archives/load-archive.ts";
export type { LoadOptions } from "../archives/load-archive.ts";
export { pushImage } from "./push-image.ts";
export { saveImages } from "./save-images.ts";
export type { SaveFormat, SaveOptions } from "./save-images.ts";
export { readStoredOci } from "./stored-oci.ts";
export type { StoredOci } from "./stored-oci.ts";
export { tagImage } from "./tag-image.ts";
