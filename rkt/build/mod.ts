/** Images built step by step, in a directory that keeps what is known so far: acbuild's work. */
export { beginBuild, endBuild } from "./begin.ts";
export type { BeginOptions } from "./begin.ts";
export { openBuild, saveDraft } from "./build-directory.ts";
export type { Build, BuildHost, BuildMode, BuildPaths, Draft } from "./build-directory.ts";
export { copyTo, copyToDirectory } from "./copy.ts";
export { editManifest } from "./edit.ts";
export type { Edit } from "./edit.ts";
export { editDraft } from "./oci-draft.ts";
export type { OciDraft } from "./oci-draft.ts";
export { runInBuild } from "./run.ts";
export type { RunOptions } from "./run.ts";
export { closeLayer, writeImage } from "./write.ts";
export type { WriteOptions } from "./write.ts";
