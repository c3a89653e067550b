import { describe, expect, test } from "bun:test";
import { COMMANDS, RKT } from "../table.ts";
import { VERSION } from "../version.ts";
import { commandHelp, groupHelp, rootHelp } from "./help.ts";

const GLOBAL_OPTIONS = [
  "      --debug[=false]\t\t\tprint out more debug information to stderr",
  "      --dir=/var/lib/rkt\t\trkt data directory",
  "      --insecure-options=none\t\tcomma-separated list of security features to disable. " +
    'Allowed values: "none", "image", "tls", "ondisk", "http", "pubkey", "capabilities", ' +
    '"paths", "seccomp", "all-fetch", "all-run", "all"',
  "      --local-config=/etc/rkt\t\tlocal configuration directory",
  "      --system-config=/usr/lib/rkt\tsystem configuration directory",
  "      --trust-keys-from-https[=false]\tautomatically trust gpg keys fetched from https",
  "      --user-config=\t\t\tuser configuration directory",
].join("\n");

async function helpOf(name: string): Promise<string> {
  const entry = COMMANDS.find((each) => each.path.join(" ") === name);
  if (entry === undefined) throw new Error(`no command ${name}`);
  return commandHelp(RKT, entry, await entry.load());
}

test("the help of a command, whole", async () => {
  expect(await helpOf("version")).toBe(
    [
      "NAME:",
      "\tversion - Print the version and exit",
      "",
      "USAGE:",
      "\trkt version",
      "",
      "DESCRIPTION:",
      "\tPrints the version of rkt, and what it was built with.",
      "",
      "GLOBAL OPTIONS:",
      GLOBAL_OPTIONS,
      "",
      "",
    ].join("\n"),
  );
});

test("the options of a command are aligned by tabs", async () => {
  expect(await helpOf("gc")).toContain(
    [
      "OPTIONS:",
      "      --expire-prepared=24h0m0s\tduration to wait before expiring prepared pods",
      "      --grace-period=30m0s\tduration to wait before discarding inactive pods from garbage",
      "      --mark-only[=false]\tmove ",
    ].join("\n"),
  );
});

test("the help of rkt", () => {
  const text = rootHelp(RKT, true);
  expect(text).toStartWith(
    "NAME:\n\trkt - rkt, the application container runner\n\nUSAGE:\n\trkt [command]\n\n" +
      `VERSION:\n\t${VERSION}\n\nCOMMANDS:\n\tattach\t`,
  );
  expect(text).toEndWith(`\nOPTIONS:\n${GLOBAL_OPTIONS}\n\n`);
  expect(text).not.toContain("image fetch"); // hidden
});

test("who asked for nothing is told of -h", () => {
  expect(rootHelp(RKT, false)).toContain("\n  -h, --help[=false]\t\t\thelp for rkt\n");
  expect(groupHelp(RKT, "image", false)).toContain(
    "\nOPTIONS:\n  -h, --help[=false]\thelp for image\n\nGLOBAL OPTIONS:\n",
  );
});

test("the help of a group lists its commands without the group's name", () => {
  const text = groupHelp(RKT, "image", true);
  expect(text).toStartWith("NAME:\n\timage - Operate on image(s) in the local store\n");
  expect(text).toContain("\nCOMMANDS:\n\tcat-manifest\tInspect and print the image manifest\n");
});

/** Flags of rkt 1.30 with their defaults, as its help spells them. */
const FLAGS_OF_RKT: Readonly<Record<string, string>> = {
  "app add":
    "--annotation= --caps-remove= --caps-retain= --cpu= --cpu-shares= --environment= --exec= " +
    "--group= --memory= --mnt-volume= --mount= --name= --oom-score-adj= --readonly-rootfs= " +
    "--seccomp= --supplementary-gids= --user= --user-annotation= --user-label= --working-dir=",
  "app exec": '--app=""',
  "app list": "--no-legend[=false]",
  "app rm": '--app=""',
  "app sandbox":
    '--annotation= --dns= --dns-domain="" --dns-opt= --dns-search= --hostname="" --hosts-entry= ' +
    "--net[=default] --no-overlay[=false] --port= --stage1-from-dir= --stage1-hash= " +
    "--stage1-name= --stage1-path= --stage1-url= --user-annotation= --user-label= " +
    '--uuid-file-save=""',
  "app start": '--app=""',
  "app status": '--app="" --format=',
  "app stop": '--app=""',
  attach: '--app="" --mode="auto"',
  "cat-manifest": '--pretty-print[=true] --uuid-file=""',
  completion: "",
  config: "--pretty-print[=true]",
  enter: '--app=""',
  export: '--app="" --overwrite[=false]',
  fetch: '--full[=false] --pull-policy="update" --signature=',
  gc: "--expire-prepared=24h0m0s --grace-period=30m0s --mark-only[=false]",
  "image cat-manifest": "--pretty-print[=true]",
  "image gc": "--grace-period=24h0m0s",
  "image list":
    "--fields=id,name,size,importtime,lastused,verification --format= --full[=false] " +
    "--no-legend[=false] --order=asc --sort=importtime",
  "image rm": "",
  list: "--format= --full[=false] --no-legend[=false]",
  prepare:
    "--annotation= --caps-remove= --caps-retain= --cpu= --cpu-shares= --environment= --exec= " +
    "--group= --inherit-env[=false] --memory= --mount= --name= --no-overlay[=false] " +
    '--oom-score-adj= --pod-manifest="" --port= --private-users[=false] ' +
    '--pull-policy="new" --quiet[=false] ' +
    "--readonly-rootfs= " +
    "--seccomp= --set-env= --set-env-file= --signature= " +
    "--stage1-from-dir= " +
    "--stage1-hash= --stage1-name= --stage1-path= --stage1-url= --supplementary-gids= --user= " +
    "--user-annotation= --user-label= --volume= --working-dir=",
  "metadata-service": "--listen-port=18112",
  rm: '--uuid-file=""',
  run:
    "--annotation= --caps-remove= --caps-retain= --cpu= --cpu-shares= --dns= " +
    '--dns-domain="" --dns-opt= --dns-search= --environment= --exec= ' +
    '--group= --hostname="" --hosts-entry= --inherit-env[=false] --interactive[=false] ' +
    '--ipc="" --mds-register[=false] --memory= --mount= --name= --net[=default] ' +
    "--no-overlay[=false] --oom-score-adj= " +
    '--pod-manifest="" --port= --private-users[=false] --pull-policy="new" ' +
    "--readonly-rootfs= --seccomp= --set-env= " +
    "--set-env-file= --signature= --stage1-from-dir= --stage1-hash= --stage1-name= " +
    "--stage1-path= --stage1-url= " +
    '--supplementary-gids= --user= --user-annotation= --user-label= --uuid-file-save="" ' +
    "--volume= --working-dir=",
  "image export": "--overwrite[=false]",
  "image extract": "--overwrite[=false] --rootfs-only[=false]",
  "image render": "--overwrite[=false] --rootfs-only[=false]",
  "image verify": "",
  "run-prepared":
    '--dns= --dns-domain="" --dns-opt= --dns-search= --hostname="" --hosts-entry= ' +
    '--interactive[=false] --ipc="" --mds-register[=false] --net[=default]',
  status: '--format= --uuid-file="" --wait[="false"] --wait-ready[="false"]',
  stop: '--force[=false] --uuid-file=""',
  trust:
    '--insecure-allow-http[=false] --prefix="" --root[=false] --skip-fingerprint-review[=false]',
  version: "",
};

/** Commands and flags that rkt 1.30 does not have. */
const NEW_COMMANDS = new Set([
  ...["events", "net check", "net gc", "net list"],
  "image import-store",
  ...["logs", "stats", "top", "help", "image fetch"],
  ...["run-locked", "man-pages"],
  ...["image history", "image sbom"],
  ...["volume create", "volume inspect", "volume ls", "volume rm"],
  ...["image load", "image push", "image save", "image tag"],
]);
const LIFECYCLE_FLAGS = ["--init-app", "--replace-cmd", "--restart", "--start-after"];
const APP_LIMIT_FLAGS = ["--cpuset-cpus", "--device", "--pids-limit", "--tmpfs", "--ulimit"];
const LIMIT_FLAGS = [
  ...APP_LIMIT_FLAGS,
  ...["--pod-cpu", "--pod-memory", "--pod-pids-limit", "--shm-size", "--sysctl"],
];
const STREAM_FLAGS = [
  ...["--stdin", "--stdout", "--stderr", "-t, --tty"],
  ...["--log-driver", "--log-max-size", "--log-max-files"],
];
const NEW_FLAGS: Readonly<Record<string, readonly string[]>> = {
  "app exec": ["--env", "--unconfined", "--user", "--workdir"],
  "app add": ["--stdin", "--stdout", "--stderr", ...APP_LIMIT_FLAGS, ...LIFECYCLE_FLAGS],
  "app sandbox": [
    "--log-driver",
    "--log-max-size",
    "--log-max-files",
    "-d, --detach",
    "--ipc",
    "--pod-name",
    "--private-users",
  ],
  "app stop": ["--timeout"],
  attach: ["--detach-keys"],
  enter: ["--env", "--unconfined", "--user", "--workdir"],
  fetch: ["--platform"],
  "image fetch": ["--platform"],
  "image gc": ["--keep"],
  run: [
    ...STREAM_FLAGS,
    ...LIMIT_FLAGS,
    "--platform",
    "-d, --detach",
    "--pod-name",
    "--kube",
    ...LIFECYCLE_FLAGS,
  ],
  "run-prepared": ["-d, --detach"],
  prepare: [...STREAM_FLAGS, ...LIMIT_FLAGS, "--platform", "--pod-name", ...LIFECYCLE_FLAGS],
  stop: ["--timeout"],
  trust: ["--cosign-key"],
};

describe("flags are spelled as rkt spells them", () => {
  for (const entry of COMMANDS) {
    const name = entry.path.join(" ");
    if (NEW_COMMANDS.has(name)) continue;
    test(name, async () => {
      const [, own = ""] = /\nOPTIONS:\n(.*?)\n\n/s.exec(await helpOf(name)) ?? [];
      const spelled = own
        .split("\n")
        .filter(Boolean)
        .map((line) => line.trim().split("\t")[0] ?? "")
        .map((flag) => flag.replace(/^-i, /, "")) // the letter is ours
        .filter((flag) => !NEW_FLAGS[name]?.includes(flag.replace(/[[=].*/, "")));
      expect(spelled.join(" ")).toBe(FLAGS_OF_RKT[name] ?? "nothing");
    });
  }
});
