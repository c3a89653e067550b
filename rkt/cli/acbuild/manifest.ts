/**
 * `acbuild cat-manifest`, `replace-manifest` and `write`: what a build is, and what comes of it.
 */
import { readFileSync } from "node:fs";
import { type Draft, saveDraft, writeImage } from "@rkt/build";
import { parseImageManifest, printImageManifest } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { prettyPrint } from "../flags/pretty-print.ts";
import type { Command } from "../grammar/command.ts";
import { switchFlag } from "../grammar/flag.ts";
import { BUILD_FLAGS, buildHostOf, STEP_FLAGS, withBuild, writingOf } from "./context.ts";

const overwrite = switchFlag({ name: "overwrite", usage: "replace the file if it is there" });
const sign = switchFlag({ name: "sign", usage: "sign the ACI with gpg" });

export const catManifest: Command = {
  usage: "cat-manifest",
  description: ["Prints the manifest as it is so far; of an OCI image, its configuration."],
  flags: [prettyPrint, ...STEP_FLAGS],
  grammar: "anywhere",
  run: async (host, call) => {
    if (call.args.length > 0) return "usage";
    const pretty = call.flags.get(prettyPrint);
    return await withBuild(host, call, ({ draft }) => {
      host.print(`${printDraft(draft, pretty)}\n`);
      return 0;
    });
  },
};

function printDraft(draft: Draft, pretty: boolean): string {
  if (draft.mode === "appc") return printImageManifest(draft.manifest, { pretty });
  return JSON.stringify(draft.oci.config, undefined, pretty ? "\t" : undefined);
}

export const replaceManifest: Command = {
  usage: "replace-manifest FILE",
  description: ["Puts the manifest in a file in the place of the one so far."],
  flags: STEP_FLAGS,
  grammar: "anywhere",
  run: async (host, call) => {
    const [path, more] = call.args;
    if (path === undefined || more !== undefined) return "usage";
    return await withBuild(host, call, ({ draft, paths }) => {
      if (draft.mode !== "appc") {
        throw new Fault("unsupported", "replace the manifest: an OCI image has none of appc's");
      }
      saveDraft(paths, { ...draft, manifest: parseImageManifest(readFileSync(path, "utf8")) });
      return 0;
    });
  },
};

export const write: Command = {
  usage: "write FILE [-- GPG_ARGUMENT...]",
  description: [
    "Writes the image to a file: a compressed ACI; of an OCI image an archive of a layout, or a",
    "layout directory where FILE ends in a slash or is one.",
    "",
    "With --sign, gpg writes a detached signature beside it: FILE.asc.",
  ],
  flags: [overwrite, sign, ...BUILD_FLAGS],
  grammar: "anywhere",
  needsRoot: true,
  run: async (host, call) => {
    const [path, ...gpg] = call.args;
    if (path === undefined) return "usage";
    if (gpg.length > 0 && !call.flags.get(sign)) return "usage";
    const options = writingOf(host, call, path, call.flags.get(overwrite));
    return await withBuild(host, call, async (build) => {
      await writeImage(buildHostOf(host), build, options);
      if (call.flags.get(sign)) await signFile(path, gpg);
      return 0;
    });
  },
};

async function signFile(path: string, more: readonly string[]): Promise<void> {
  const program = Bun.which("gpg");
  if (program === null) {
    throw new Fault("missing-program", "sign the image: the program gpg is missing", {
      hint: 'install the Debian package "gnupg"',
    });
  }
  const output = ["--armor", "--yes", "--output", `${path}.asc`];
  const child = Bun.spawn([program, ...output, ...more, "--detach-sign", path], {
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  });
  const status = await child.exited;
  if (status === 0) return;
  throw new Fault("internal", `sign ${quote(path)}: gpg ended with status ${status}`);
}
