/** `acbuild begin` and `acbuild end`: the two ends of a build. */
import { beginBuild, type BuildMode, endBuild } from "@rkt/build";
import { quote } from "@shared/base";
import { ownPlatform } from "../flags/platform.ts";
import type { Command } from "../grammar/command.ts";
import { choiceFlag } from "../grammar/flag.ts";
import { BUILD_FLAGS, buildHostOf, fetchingOf, workPathOf } from "./context.ts";

const MODES: readonly BuildMode[] = ["appc", "oci"];

const buildMode = choiceFlag(
  { name: "build-mode", usage: 'what is built: "appc" or "oci"', shown: "appc" },
  MODES,
  "appc",
  (text) => `unknown build mode ${quote(text)}`,
);

export const begin: Command = {
  usage: "begin [START]",
  description: [
    "Begins an empty build in the current directory, or one that starts from START: a directory or",
    "an archive of files (./DIR, ./FILE.tar.gz), an image in a file (./FILE.aci, oci:DIR), an",
    "image name, or docker://NAME.",
    "",
    "An image that is fetched needs rkt's proof of origin, or --insecure-options=image.",
  ],
  flags: [buildMode, ...BUILD_FLAGS],
  grammar: "anywhere",
  needsRoot: true,
  run: async (host, call) => {
    const [from, more] = call.args;
    if (more !== undefined) return "usage";
    await beginBuild(buildHostOf(host), {
      ...fetchingOf(host, call),
      workPath: workPathOf(call),
      mode: call.flags.get(buildMode),
      platform: ownPlatform(),
      ...(from !== undefined && { from }),
    });
    return 0;
  },
};

export const end: Command = {
  usage: "end",
  description: ["Ends the build in the current directory: what was not written is gone."],
  flags: BUILD_FLAGS,
  grammar: "anywhere",
  run: (host, call) => {
    if (call.args.length > 0) return "usage";
    endBuild(buildHostOf(host), workPathOf(call));
    return 0;
  },
};
