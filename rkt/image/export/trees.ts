/**
 * Trees and archives for those that make images: what is visible of layers, and both ways between a
 * tree and an archive.
 */
export { gzipped, visiblePaths } from "./convert.ts";
export { aciOf, ownArchive } from "./image-archive.ts";
export { layerTree, lookUp } from "./merged-tree.ts";
export type { TreeHost, TreeNode } from "./merged-tree.ts";
export { layerArchive, treeArchive } from "./tree-archive.ts";
export { writeArchiveFile } from "./write-out.ts";
export { unpackLayer } from "../layers/unpack.ts";
export { writeTar } from "../layers/tar-writer.ts";
