/** Every command of acbuild, in the order of help; each is loaded when it is asked for. */
import type { Command, CommandEntry } from "../grammar/command.ts";
import type { Program } from "../grammar/program.ts";

/** The commands that change what an image says of itself. */
const EDIT_SUMMARIES: Readonly<Record<string, string>> = {
  "annotation add": "Add an annotation",
  "annotation remove": "Remove an annotation",
  "dependency add": "Add a dependency",
  "dependency remove": "Remove a dependency",
  "environment add": "Add an environment variable",
  "environment remove": "Remove an environment variable",
  "isolator add": "Add an isolator",
  "isolator remove": "Remove an isolator",
  "label add": "Add a label",
  "label remove": "Remove a label",
  "mount add": "Add a mount point",
  "mount remove": "Remove a mount point",
  "port add": "Add a port",
  "port remove": "Remove a port",
  "set-event-handler": "Set a pre-start or post-stop event handler",
  "set-exec": "Set the exec command",
  "set-group": "Set the group",
  "set-name": "Set the image name",
  "set-supp-groups": "Set supplementary groups",
  "set-tag": "Set the tag of an OCI image",
  "set-user": "Set the user",
  "set-working-directory": "Set the working directory",
};

const EDITS: readonly CommandEntry[] = Object.entries(EDIT_SUMMARIES).map(([name, summary]) => ({
  path: name.split(" "),
  summary,
  load: async () => editOf(name, (await import("./edits.ts")).EDITS),
}));

function editOf(name: string, edits: Readonly<Record<string, Command>>): Command {
  const command = edits[name];
  if (command === undefined) throw new Error(`no such command: ${name}`);
  return command;
}

const OTHERS: readonly CommandEntry[] = [
  {
    path: ["begin"],
    summary: "Begin a build",
    load: async () => (await import("./begin.ts")).begin,
  },
  {
    path: ["cat-manifest"],
    summary: "Print the manifest of the build",
    load: async () => (await import("./manifest.ts")).catManifest,
  },
  {
    path: ["copy"],
    summary: "Copy a file or directory into the image",
    load: async () => (await import("./files.ts")).copy,
  },
  {
    path: ["copy-to-dir"],
    summary: "Copy files into a directory of the image",
    load: async () => (await import("./files.ts")).copyToDir,
  },
  {
    path: ["end"],
    summary: "End a build",
    load: async () => (await import("./begin.ts")).end,
  },
  {
    path: ["layer"],
    summary: "Close the open layer of an OCI image",
    load: async () => (await import("./files.ts")).layer,
  },
  {
    path: ["replace-manifest"],
    summary: "Replace the manifest of the build",
    load: async () => (await import("./manifest.ts")).replaceManifest,
  },
  {
    path: ["run"],
    summary: "Run a command in the image",
    load: async () => (await import("./files.ts")).run,
  },
  {
    path: ["script"],
    summary: "Run the commands of a file",
    load: async () => (await import("./script.ts")).scriptCommand(() => ACBUILD),
  },
  {
    path: ["version"],
    summary: "Print the version and exit",
    load: async () => (await import("../commands/version.ts")).version,
  },
  {
    path: ["write"],
    summary: "Write the image to a file",
    load: async () => (await import("./manifest.ts")).write,
  },
];

const HELP: CommandEntry = {
  path: ["help"],
  summary: "Help about any command",
  load: async () => (await import("../commands/help.ts")).help,
};

const COMMANDS = [...OTHERS, ...EDITS].sort((a, b) =>
  a.path.join(" ") < b.path.join(" ") ? -1 : 1,
);

const list = (what: string): { summary: string; description: readonly string[] } => ({
  summary: `Manage ${what} of the image`,
  description: [],
});

export const ACBUILD: Program = {
  name: "acbuild",
  summary: "acbuild, the image builder",
  description: ["Builds images step by step; the build is kept in .acbuild of this directory."],
  commands: [...COMMANDS, HELP],
  groups: {
    annotation: list("annotations"),
    dependency: list("dependencies"),
    environment: list("the environment"),
    isolator: list("isolators"),
    label: list("labels"),
    mount: list("mount points"),
    port: list("ports"),
  },
  failureStatus: 1,
};
