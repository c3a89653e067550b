/**
 * The flags of `run` that belong to one image: they stand behind it. Each text is checked where it
 * is read, with the words of rkt; what it means for the image is stage0's business.
 *
 * @see rkt Documentation/subcommands/run.md
 */
import { readFileSync } from "node:fs";
import {
  cpusetIsolator,
  devicesIsolator,
  INIT_APP_ANNOTATION,
  type Isolator,
  type Mount,
  type NameValue,
  parseIsolators,
  parseMount,
  parseMountVolume,
  parseRestartPolicy,
  parseStartAfter,
  parseTmpfs,
  pidsIsolator,
  resourceLimitsIsolator,
  seccompProfileIsolator,
  RESTART_ANNOTATION,
  START_AFTER_ANNOTATION,
} from "@rkt/spec";
import type { AppOverrides, SeccompOverride } from "@rkt/stage0";
import { Fault, quote } from "@shared/base";
import type { AppArguments } from "../grammar/app-arguments.ts";
import {
  type Flag,
  type FlagValues,
  type FlagWords,
  listFlag,
  optionalFlag,
  readBoolean,
} from "../grammar/flag.ts";

type Text = Flag<string | undefined>;

const annotation = pairsFlag(
  "annotation",
  "set the app's annotations (example: '--annotation=foo=bar')",
);
const capsRemove = wordsFlag(
  "caps-remove",
  "capability to remove (example: '--caps-remove=CAP_MKNOD')",
);
const capsRetain = wordsFlag(
  "caps-retain",
  "capability to retain (example: '--caps-retain=CAP_SYS_ADMIN')",
);
const cpu = quantityFlag("cpu", "cpu limit for the preceding image (example: '--cpu=500m')");
const cpuShares = numberFlag(
  "cpu-shares",
  "weight of the app's share of processor time (example: '--cpu-shares=2048')",
);
const cpusetCpus = optionalFlag(
  perApp("cpuset-cpus", "processors that the app may use (example: '--cpuset-cpus=0-2,5')"),
  cpusetIsolator,
);
const device = textsFlag(
  "device",
  "device of the host for the app: HOST[:APP][:rwm], or vendor/class=name as the machine's " +
    "container device interface names it (example: '--device=/dev/fuse')",
  devicesIsolator,
);
const environment = pairsFlag(
  "environment",
  "set the app's environment variables (example: '--environment=foo=bar')",
);
const exec = onceFlag("exec", "override the exec command for the preceding image");
const group = appText("group", "group override for the preceding image (example: '--group=group')");
const initApp: Flag<boolean | undefined> = {
  ...optionalFlag(
    perApp("init-app", "run the app to its end before the apps that are none of these start"),
    readBoolean,
  ),
  bare: "true",
};
const memory = quantityFlag(
  "memory",
  "memory limit for the preceding image (example: '--memory=16Mi', '--memory=50M', '--memory=1G')",
);
const name = appText(
  "name",
  "set the name of the app (example: '--name=foo'). If not set, it is made of the image's name",
);
const oomScoreAdj = numberFlag("oom-score-adj", "oom-score-adj isolator override");
const pidsLimit = optionalFlag(
  perApp("pids-limit", "most processes and threads of the app (example: '--pids-limit=100')"),
  pidsIsolator,
);
const readonlyRootfs: Flag<boolean | undefined> = optionalFlag(
  perApp("readonly-rootfs", "if set, the app's rootfs will be mounted read-only"),
  readBoolean,
);
/** rkt adds arguments to all that an image runs; docker and Kubernetes keep its entrypoint only. */
const replaceCmd: Flag<boolean | undefined> = {
  ...optionalFlag(
    perApp("replace-cmd", 'what follows "--" takes the place of the image\'s CMD, as in docker'),
    readBoolean,
  ),
  bare: "true",
};
const restart: Text = optionalFlag(
  perApp(
    "restart",
    "start the app again when it has ended, later and later: no, on-failure, on-failure:TIMES or " +
      "always",
  ),
  (text) => (parseRestartPolicy(text), text),
);
const seccomp = optionalFlag(
  perApp(
    "seccomp",
    "seccomp filter override (example: '--seccomp mode=retain,errno=EPERM,chmod,chown', " +
      "'--seccomp profile=/etc/profile.json')",
  ),
  readSeccomp,
);
const startAfter: Text = optionalFlag(
  perApp("start-after", "start the app when these apps run (example: '--start-after=db,cache')"),
  (text) => (parseStartAfter(text), text),
);
const supplementaryGids = optionalFlag(
  perApp(
    "supplementary-gids",
    "supplementary group IDs override for the preceding image " +
      "(example: '--supplementary-gids=1024,2048')",
  ),
  readGids,
);
const tmpfs: Flag<readonly Mount[]> = listFlag(
  perApp(
    "tmpfs",
    "file system in memory at a path of the app (example: '--tmpfs=/tmp:size=64M,mode=1777')",
  ),
  parseTmpfs,
);
const ulimit = textsFlag(
  "ulimit",
  "limit of each process: NAME=SOFT[:HARD] (example: '--ulimit=nofile=1024:4096')",
  resourceLimitsIsolator,
);
const user = appText("user", "user override for the preceding image (example: '--user=user')");
const userAnnotation = pairsFlag(
  "user-annotation",
  "set the app's annotations (example: '--user-annotation=foo=bar')",
);
const userLabel = pairsFlag("user-label", "set the app's labels (example: '--user-label=foo=bar')");
const workingDir = appText("working-dir", "override the working directory of the preceding image");

/** A detached signature for the image before it; `fetch` takes it too. */
export const signature: Text = onceFlag(
  "signature",
  "local signature file to use in validating the preceding image",
);

/** Before the first image it is for all apps. */
export const mount: Flag<readonly Mount[]> = listFlag(
  {
    name: "mount",
    usage: "mount point binding a volume to a path within an app",
    perAppOrPod: true,
  },
  parseMount,
);

/** A volume of one app and its place in it; `app add` takes it. */
export const mountVolume: Flag<readonly Mount[]> = listFlag(
  perApp("mnt-volume", "configure a per-app mount and volume directly"),
  parseMountVolume,
);

export const APP_FLAGS: readonly Flag<unknown>[] = [
  annotation,
  capsRemove,
  capsRetain,
  cpu,
  cpuShares,
  cpusetCpus,
  device,
  environment,
  exec,
  group,
  initApp,
  memory,
  mount,
  name,
  oomScoreAdj,
  pidsLimit,
  readonlyRootfs,
  replaceCmd,
  restart,
  seccomp,
  signature,
  startAfter,
  supplementaryGids,
  tmpfs,
  ulimit,
  user,
  userAnnotation,
  userLabel,
  workingDir,
];

/** What the command line says of one app, but for its environment from the pod's flags. */
export function overridesOf({ flags, args }: AppArguments): AppOverrides {
  return {
    args,
    environment: flags.get(environment),
    userAnnotations: recordOf(flags.get(userAnnotation)),
    userLabels: recordOf(flags.get(userLabel)),
    ...given("exec", flags.get(exec)),
    ...given("replacesCmd", flags.get(replaceCmd)),
    ...given("user", flags.get(user)),
    ...given("group", flags.get(group)),
    ...given("supplementaryGIDs", flags.get(supplementaryGids)),
    ...given("workingDirectory", flags.get(workingDir)),
    ...given("memory", flags.get(memory)),
    ...given("cpu", flags.get(cpu)),
    ...given("cpuShares", flags.get(cpuShares)),
    ...given("oomScoreAdj", flags.get(oomScoreAdj)),
    ...given("capsRetain", flags.get(capsRetain)),
    ...given("capsRemove", flags.get(capsRemove)),
    ...given("seccomp", flags.get(seccomp)),
    isolators: isolatorsOf(flags),
  };
}

function isolatorsOf(flags: FlagValues): readonly Isolator[] {
  const devices = flags.get(device);
  const limits = flags.get(ulimit);
  return [
    ...[flags.get(cpusetCpus), flags.get(pidsLimit)].filter((each) => each !== undefined),
    ...(devices.length > 0 ? [devicesIsolator(devices)] : []),
    ...(limits.length > 0 ? [resourceLimitsIsolator(limits)] : []),
  ];
}

/** What the command line says of one app beside the overrides of the image's own section. */
export interface AppSettings {
  /** Undefined where the image's name decides. */
  readonly name: string | undefined;
  readonly readOnlyRootFS: boolean;
  readonly mounts: readonly Mount[];
  readonly annotations: readonly NameValue[];
  readonly signaturePath: string | undefined;
}

export function settingsOf({ flags }: AppArguments): AppSettings {
  return {
    name: flags.get(name),
    readOnlyRootFS: flags.get(readonlyRootfs) === true,
    mounts: [...flags.get(mount), ...flags.get(mountVolume), ...flags.get(tmpfs)],
    annotations: annotationsOf(flags),
    signaturePath: flags.get(signature),
  };
}

/** A flag of its own wins over the annotation that it stands for. */
function annotationsOf(flags: FlagValues): readonly NameValue[] {
  const values = [
    [RESTART_ANNOTATION, flags.get(restart)],
    [INIT_APP_ANNOTATION, flags.get(initApp)],
    [START_AFTER_ANNOTATION, flags.get(startAfter)],
  ] as const;
  const own = values.flatMap(([key, value]) =>
    value === undefined ? [] : [{ name: key, value: String(value) }],
  );
  const isOwn = ({ name: key }: NameValue): boolean => own.some((each) => each.name === key);
  return [...flags.get(annotation).filter((each) => !isOwn(each)), ...own];
}

function perApp(flag: string, usage: string): FlagWords {
  return { name: flag, usage, perApp: true };
}

function appText(flag: string, usage: string): Text {
  return optionalFlag(perApp(flag, usage), (text) => text);
}

/** A text that may be given once for each image. */
function onceFlag(flag: string, usage: string): Text {
  const read = (text: string, before: string | undefined): string => {
    if (before === undefined || before === "") return text;
    throw new Fault("invalid", `--${flag} specified multiple times for the same image`);
  };
  return { ...perApp(flag, usage), shown: "", initial: undefined, read };
}

/** `name=value` pairs; a later value of a name wins. */
function pairsFlag(flag: string, usage: string): Flag<readonly NameValue[]> {
  const words = perApp(flag, usage);
  return {
    ...words,
    shown: "",
    initial: [],
    read: (text, before) => {
      const pair = readPair(flag, text);
      return [...before.filter((each) => each.name !== pair.name), pair];
    },
  };
}

function readPair(flag: string, text: string): NameValue {
  const at = text.indexOf("=");
  if (at > 0) return { name: text.slice(0, at), value: text.slice(at + 1) };
  throw new Fault("invalid", `invalid format of --${flag} flag ${quote(text)}`);
}

/** A flag that may stand several times for an image; `check` refuses what cannot be. */
function textsFlag(
  flag: string,
  usage: string,
  check: (texts: readonly string[]) => unknown,
): Flag<readonly string[]> {
  return listFlag(perApp(flag, usage), (text) => {
    check([text]);
    return text;
  });
}

/** Words between commas; a later flag replaces an earlier one. */
function wordsFlag(flag: string, usage: string): Flag<readonly string[] | undefined> {
  const isolator = flag.replace("caps", "os/linux/capabilities");
  return optionalFlag(perApp(flag, usage), (text) => {
    const set = text.split(",");
    parseIsolators([{ name: `${isolator}-set`, value: { set } }]);
    return set;
  });
}

/** An amount such as 128M or 500m; it stays a text, as the pod manifest wants it. */
function quantityFlag(flag: "cpu" | "memory", usage: string): Text {
  return optionalFlag(perApp(flag, usage), (text) => {
    try {
      parseIsolators([{ name: `resource/${flag}`, value: { request: text, limit: text } }]);
      return text;
    } catch (cause) {
      throw new Fault(Fault.from(cause).kind, "error parsing request", { cause });
    }
  });
}

function numberFlag(flag: "cpu-shares" | "oom-score-adj", usage: string): Flag<number | undefined> {
  return optionalFlag(perApp(flag, usage), (text) => {
    const number = readInteger(text);
    parseIsolators([{ name: `os/linux/${flag}`, value: number }]);
    return number;
  });
}

function readInteger(text: string): number {
  const number = Number(text);
  if (/^[+-]?\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw new Fault("invalid", `strconv.Atoi: parsing ${quote(text)}: invalid syntax`);
}

/** stage0 refuses the modes that it does not know: rkt does so late as well. */
function readSeccomp(text: string): SeccompOverride {
  const set: string[] = [];
  let mode = "";
  let errno: string | undefined;
  const profile = /^profile=(.*)$/.exec(text)?.[1];
  if (profile !== undefined) {
    const content = readFileSync(profile, "utf8");
    seccompProfileIsolator(content);
    return { mode: "", set, profile: content };
  }
  for (const word of text.split(",")) {
    if (word.startsWith("mode=")) mode = word.slice("mode=".length);
    else if (word.startsWith("errno=")) errno = word.slice("errno=".length);
    else set.push(word);
  }
  return { mode, set, ...given("errno", errno) };
}

function readGids(text: string): readonly number[] {
  return text.split(",").map((word) => {
    if (/^\d+$/.test(word) && Number(word) <= 0xffff_fffe) return Number(word);
    throw new Fault("invalid", "--supplementary-gids must be integers");
  });
}

function recordOf(pairs: readonly NameValue[]): Readonly<Record<string, string>> {
  return Object.fromEntries(pairs.map((pair) => [pair.name, pair.value]));
}

function given<K extends string, V>(key: K, value: V | undefined): { [name in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [name in K]?: V });
}
