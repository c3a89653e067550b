/**
 * What stage0 and its commands need of trees: the door to copying layers into a pod, and to writing
 * what an app left as an archive. Light: it loads neither the store nor the ways to new images.
 */
export { copyTree } from "./copy-tree.ts";
export type { CopyHost } from "./copy-tree.ts";
export { aciOf } from "./image-archive.ts";
export { writeArchiveFile } from "./write-out.ts";
