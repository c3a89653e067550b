/** `acbuild copy`, `copy-to-dir`, `run` and `layer`: what changes files of the image. */
import { closeLayer, copyTo, copyToDirectory, runInBuild } from "@rkt/build";
import { localConfig } from "../flags/global.ts";
import { net } from "../flags/pod.ts";
import type { Command } from "../grammar/command.ts";
import { optionalFlag } from "../grammar/flag.ts";
import { VERSION } from "../version.ts";
import { BUILD_FLAGS, buildHostOf, fetchingOf, STEP_FLAGS, withBuild } from "./context.ts";

const workingDir = optionalFlag(
  { name: "working-dir", usage: "working directory of the command" },
  (text) => text,
);

export const copy: Command = {
  usage: "copy PATH IMAGE_PATH",
  description: ["Copies a file or a directory to exactly that path of the image."],
  flags: STEP_FLAGS,
  grammar: "anywhere",
  needsRoot: true,
  run: async (host, call) => {
    const [source, target, more] = call.args;
    if (source === undefined || target === undefined || more !== undefined) return "usage";
    return await withBuild(host, call, async (build) => {
      await copyTo(buildHostOf(host), build, source, target);
      return 0;
    });
  },
};

export const copyToDir: Command = {
  usage: "copy-to-dir PATH... IMAGE_DIRECTORY",
  description: ["Copies files and directories into a directory of the image."],
  flags: STEP_FLAGS,
  grammar: "anywhere",
  needsRoot: true,
  run: async (host, call) => {
    const directory = call.args.at(-1);
    if (directory === undefined || call.args.length < 2) return "usage";
    return await withBuild(host, call, async (build) => {
      await copyToDirectory(buildHostOf(host), build, call.args.slice(0, -1), directory);
      return 0;
    });
  },
};

/** Most steps fetch something, as other builders let them. */
const stepNet: typeof net = { ...net, shown: "host", initial: "host" };

export const run: Command = {
  usage: "run [--working-dir=PATH] [--net=NETWORKS] -- COMMAND [ARGUMENT...]",
  description: [
    "Runs a command in a pod whose root is the image, with its dependencies below it, and keeps",
    "what the command writes. Its network is that of the machine, unless --net says otherwise.",
  ],
  flags: [workingDir, stepNet, ...STEP_FLAGS],
  grammar: "first",
  needsRoot: true,
  run: async (host, call) => {
    if (call.args.length === 0) return "usage";
    const workingDirectory = call.flags.get(workingDir);
    return await withBuild(host, call, (build) =>
      runInBuild(buildHostOf(host), build, {
        ...fetchingOf(host, call),
        command: call.args,
        ...(workingDirectory !== undefined && { workingDirectory }),
        version: VERSION,
        localConfig: call.flags.get(localConfig),
        net: call.flags.get(stepNet),
        environment: host.environment,
      }),
    );
  },
};

export const layer: Command = {
  usage: "layer",
  description: ["Closes the open layer of an OCI image; what comes next goes into another one."],
  flags: BUILD_FLAGS,
  grammar: "anywhere",
  needsRoot: true,
  run: async (host, call) => {
    if (call.args.length > 0) return "usage";
    return await withBuild(host, call, async (build) => {
      await closeLayer(buildHostOf(host), build, host.clock);
      return 0;
    });
  },
};
