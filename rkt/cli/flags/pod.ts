/**
 * The flags that belong to a whole pod: those that `prepare` writes into it, and those that only
 * matter when it is started. Each text is checked where it is read, with the words of rkt.
 */
import {
  addKeyValue,
  type ExposedPort,
  type NameValue,
  parseEnvironmentFile,
  parseNetFlag,
  parsePortFlag,
  parseVolume,
  type Volume,
} from "@rkt/spec";
import { readFileSync } from "node:fs";
import { parsePodName } from "@rkt/stage0";
import { parseUserRange, type UserRange } from "@rkt/stage1/contract";
import { Fault } from "@shared/base";
import {
  type Flag,
  listFlag,
  optionalFlag,
  readBoolean,
  switchFlag,
  textFlag,
} from "../grammar/flag.ts";

export const detach: Flag<boolean> = {
  ...switchFlag({
    name: "detach",
    usage: "go on in the background once all apps were started, and print the pod's UUID",
  }),
  shorthand: "d",
};

export const hostname: Flag<string> = textFlag({
  name: "hostname",
  usage: `pod's hostname. If empty, it will be "rkt-$PODUUID"`,
});

export const inheritEnv: Flag<boolean> = switchFlag({
  name: "inherit-env",
  usage: "inherit all environment variables not set by apps",
});

export const interactive: Flag<boolean> = {
  ...switchFlag({
    name: "interactive",
    usage: "run pod interactively. If true, only one image may be supplied.",
  }),
  shorthand: "i",
};

export const ipc: Flag<"" | "auto" | "private" | "parent"> = {
  name: "ipc",
  usage: "whether to stay in the host IPC namespace. Syntax: --ipc=[auto|private|parent]",
  shown: '""',
  initial: "",
  read: readIpc,
};

export const mdsRegister: Flag<boolean> = switchFlag({
  name: "mds-register",
  usage:
    "register pod with metadata service. needs network connectivity to the host " +
    "(--net=(default|default-restricted|host)",
});

export const kube: Flag<string> = textFlag({
  name: "kube",
  usage:
    "path to a YAML file with a Kubernetes Pod to run, in place of images; " +
    '"-" is standard input',
});

/** The text is handed to stage1 as it is; what it says is checked here. */
export const net: Flag<string> = {
  name: "net",
  usage:
    "configure the pod's networking. Optionally, pass a list of user-configured networks to load " +
    "and set arguments to pass to each network, respectively. Syntax: --net[=n[:args], ...]",
  shown: "default",
  bare: "default",
  initial: "default",
  read: (text) => {
    parseNetFlag(text);
    return text;
  },
};

export const noOverlay: Flag<boolean> = switchFlag({
  name: "no-overlay",
  usage: "copy the images' files into the pod instead of stacking them with overlayfs",
});

export const podManifest: Flag<string> = textFlag({
  name: "pod-manifest",
  usage:
    "path to a pod manifest, in place of images: nearly all flags that describe a pod or its " +
    "apps are refused with it",
});

export const podName: Flag<string | undefined> = optionalFlag(
  {
    name: "pod-name",
    usage: "name of the pod, for use wherever a UUID is; no two pods that run have the same",
  },
  parsePodName,
);

export const port: Flag<readonly ExposedPort[]> = listFlag(
  {
    name: "port",
    usage:
      "ports to expose on the host (requires contained network). " +
      "Syntax: --port=NAME:[HOSTIP:]HOSTPORT or --port=[HOSTIP:]HOSTPORT:PODPORT[/PROTOCOL]",
  },
  parsePortFlag,
);

/** Without a value any range that no other pod has. */
export const privateUsers: Flag<UserRange | "any" | undefined> = {
  name: "private-users",
  usage:
    "run within user namespaces, in a range of the host's ids that no other pod has. " +
    "Syntax: --private-users[=UID:COUNT]",
  shown: "false",
  bare: "true",
  initial: undefined,
  read: (text) => {
    if (/^\d+:/.test(text)) return parseUserRange(text);
    return readBoolean(text) ? "any" : undefined;
  },
};

export const setEnv: Flag<readonly NameValue[]> = {
  name: "set-env",
  usage:
    "environment variable to set for all the apps in the form key=value, " +
    "this will be overridden by --environment",
  shown: "",
  initial: [],
  read: (text, before) => addKeyValue(before, text),
};

/** `--set-env` wins over it. */
export const setEnvFile: Flag<readonly NameValue[]> = {
  name: "set-env-file",
  usage: "path to an environment variables file",
  shown: "",
  initial: [],
  read: (path, before) => [...before, ...parseEnvironmentFile(readFileSync(path, "utf8"), path)],
};

export const uuidFileSave: Flag<string> = textFlag({
  name: "uuid-file-save",
  usage: "write out pod UUID to specified file",
});

export const volume: Flag<readonly Volume[]> = listFlag(
  { name: "volume", usage: "volumes to make available in the pod" },
  parseVolume,
);

/** What is written into the pod. */
export const PREPARE_FLAGS: readonly Flag<unknown>[] = [
  inheritEnv,
  noOverlay,
  podManifest,
  podName,
  port,
  privateUsers,
  setEnv,
  setEnvFile,
  volume,
];

/** What a start decides. */
export const START_FLAGS: readonly Flag<unknown>[] = [
  detach,
  hostname,
  interactive,
  ipc,
  mdsRegister,
  net,
];

function readIpc(text: string): "" | "auto" | "private" | "parent" {
  if (text === "" || text === "auto" || text === "private" || text === "parent") return text;
  throw new Fault("invalid", `unknown value for --ipc parameter: ${text}`);
}
