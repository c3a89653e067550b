/** The filters in the kernel: crun starts real programs under them. Needs root, crun and perl. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FILTER_ANNOTATION } from "../bundle.ts";
import { filterFor, needsNoNewPrivileges } from "./filter.ts";
import type { FilterOptions } from "./filter.ts";

const PROGRAMS = ["/usr/bin/crun", "/usr/bin/perl", "/usr/bin/unshare", "/usr/bin/xz"];

function reasonToSkip(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  if (process.arch !== "x64") return "its numbers are those of x86_64";
  const missing = PROGRAMS.find((path) => !existsSync(path));
  return missing === undefined ? undefined : `needs ${missing}`;
}

const reason = reasonToSkip();
const onCrun = test.skipIf(reason !== undefined);
const suffix = reason === undefined ? "" : ` (skipped: ${reason})`;

const CAPABILITIES = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SYS_CHROOT",
];

let directory = "";

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "seccomp-"));
  chmodSync(directory, 0o755);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Run {
  readonly args: readonly string[];
  readonly filter: Omit<FilterOptions, "arch">;
  readonly uid?: number;
  readonly noNewPrivileges?: boolean;
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** In a mount namespace of its own, without the second hierarchy of a hybrid machine. */
const START = `mount --make-rprivate /
if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi
exec crun --root "$1/state" --cgroup-manager=disabled run --bundle "$1/bundle" "seccomp-test-$$"`;

function run(subject: Run): Ended {
  const bundle = join(directory, "bundle");
  const root = join(directory, "root");
  for (const path of [
    bundle,
    root,
    ...["usr", "proc", "dev", "tmp"].map((name) => join(root, name)),
  ]) {
    mkdirSync(path, { recursive: true });
  }
  writeFileSync(join(bundle, "config.json"), JSON.stringify(config(root, subject)));
  const words = ["-m", "sh", "-c", START, "sh", directory];
  return spawnSync("unshare", words, { encoding: "utf8", timeout: 30_000 });
}

function config(root: string, { args, filter, uid = 0, noNewPrivileges = false }: Run): object {
  const options: FilterOptions = { arch: "x86_64", ...filter };
  const program = filterFor(options, CAPABILITIES);
  if (program === undefined) throw new Error("no filter");
  // The machine's own programs, read-only; /bin and /lib* point into /usr.
  const links = ["bin", "lib", "lib64"].map((name) => bind(`/usr/${name}`, `/${name}`));
  return {
    ociVersion: "1.0.2",
    process: {
      user: { uid, gid: uid },
      args,
      env: ["PATH=/usr/bin:/usr/sbin", "LC_ALL=C"],
      cwd: "/",
      noNewPrivileges: noNewPrivileges || needsNoNewPrivileges(options, CAPABILITIES),
      capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
    },
    root: { path: root },
    mounts: [
      bind("/usr", "/usr"),
      ...links,
      bind(directory, "/tmp"),
      { destination: "/proc", type: "proc", source: "proc" },
    ],
    linux: { namespaces: ["pid", "mount", "ipc", "uts"].map((type) => ({ type })) },
    annotations: { [FILTER_ANNOTATION]: Buffer.from(program).toString("base64") },
  };
}

function bind(source: string, destination: string): object {
  return { source, destination, type: "bind", options: ["rbind", "ro"] };
}

/** Makes each call and prints `name=errno`, 0 where it works. */
const PROBE = `
my @calls = (["unshare", 272, 0x20000], ["keyctl", 250, 0, 0], ["mount", 165, 0, 0, 0, 0, 0],
  ["clone3", 435, 0, 0], ["vsock", 41, 40, 1, 0], ["unix", 41, 1, 1, 0],
  ["personality", 135, 0xffffffff], ["no-random", 135, 0x40000], ["bpf", 321, 0, 0, 0],
  ["newer", 5000], ["getpid", 39], ["chown", 92, $ARGV[0], 0, 0]);
for (@calls) {
  my ($name, $number, @args) = @$_;
  $! = 0;
  my $result = syscall($number, @args);
  print "$name=", ($result == -1 ? $!+0 : 0), "\\n";
}`;

const EXPECTED = [
  ...["unshare=1", "keyctl=1", "mount=1", "clone3=38", "vsock=1", "unix=0", "personality=0"],
  ...["no-random=1", "bpf=1", "newer=38", "getpid=0"],
];

onCrun.each([
  ["root", {}],
  ["root without new privileges", { noNewPrivileges: true }],
  ["a user", { uid: 1000 }],
] as const)(
  `%s meets the default profile${suffix}`,
  (_, how) => {
    const done = run({
      args: ["/usr/bin/perl", "-e", PROBE, "/"],
      filter: { mode: "default" },
      ...how,
    });
    expect(done.stderr).toBe("");
    expect(done.stdout.split("\n")).toEqual(expect.arrayContaining(EXPECTED));
  },
  30_000,
);

onCrun(
  `normal programs run: shells, pipes, threads${suffix}`,
  () => {
    const script =
      "echo text | xz -T2 -c | xz -dc; chroot / id -u; grep Seccomp: /proc/self/status";
    const done = run({ args: ["/bin/sh", "-c", script], filter: { mode: "default" } });
    expect(done).toMatchObject({ status: 0, stdout: "text\n0\nSeccomp:\t2\n", stderr: "" });
  },
  30_000,
);

onCrun(
  `a set without what crun needs starts with no new privileges${suffix}`,
  () => {
    const filter = { mode: "remove", errno: "EACCES", names: ["@systemd/privileged"] } as const;
    const done = run({ args: ["/usr/bin/perl", "-e", PROBE, "/"], filter });
    expect(done.stdout.split("\n")).toEqual(
      expect.arrayContaining(["chown=13", "bpf=13", "unix=0"]),
    );
  },
  30_000,
);

onCrun(
  `a program that only ends runs where nothing is retained${suffix}`,
  () => {
    writeFileSync(join(directory, "calls"), elf(END_WELL), { mode: 0o755 });
    const done = run({
      args: ["/tmp/calls"],
      filter: { mode: "retain", names: ["@appc.io/empty"] },
    });
    expect(done).toMatchObject({ status: 0, stderr: "" });
  },
  30_000,
);

/** exit_group(edi), in machine code. */
const END = [0xb8, ...littleEndian(231), 0x0f, 0x05];

/** xor edi, edi; exit_group(edi). */
const END_WELL = [0x31, 0xff, ...END];

/** x86_64 code that makes one i386 call by `int 0x80` and ends with its errno as status. */
function compatCall(number: number, argument: number): number[] {
  return [
    ...[0xb8, ...littleEndian(number)], // mov eax, number
    ...[0xbb, ...littleEndian(argument)], // mov ebx, argument
    ...[0xcd, 0x80], // int 0x80
    ...[0xf7, 0xd8, 0x89, 0xc7], // neg eax; mov edi, eax
    ...END,
  ];
}

/** The smallest program file around the code: one header, one loaded segment. */
function elf(code: readonly number[]): Uint8Array {
  const address = 0x40_0000n;
  const file = new DataView(new ArrayBuffer(120 + code.length));
  const bytes = new Uint8Array(file.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.setUint16(16, 2, true); // executable
  file.setUint16(18, 62, true); // x86_64
  file.setUint32(20, 1, true);
  file.setBigUint64(24, address + 120n, true); // entry
  file.setBigUint64(32, 64n, true); // program headers
  file.setUint16(52, 64, true);
  file.setUint16(54, 56, true);
  file.setUint16(56, 1, true);
  file.setUint32(64, 1, true); // loaded
  file.setUint32(68, 5, true); // readable, executable
  file.setBigUint64(80, address, true);
  file.setBigUint64(96, BigInt(bytes.length), true);
  file.setBigUint64(104, BigInt(bytes.length), true);
  file.setBigUint64(112, 0x1000n, true);
  bytes.set(code, 120);
  return bytes;
}

function littleEndian(value: number): number[] {
  return [0, 8, 16, 24].map((shift) => (value >> shift) & 0xff);
}

const COMPAT_UNSHARE = 310;

/** A kernel without 32-bit calls kills the program by SIGSEGV. */
function hasCompatCalls(): boolean {
  const own = mkdtempSync(join(tmpdir(), "seccomp-"));
  const program = join(own, "calls");
  writeFileSync(program, elf(compatCall(COMPAT_UNSHARE, 0)), { mode: 0o755 });
  const { status } = spawnSync(program);
  rmSync(own, { recursive: true, force: true });
  return status === 0;
}

const noCompat = reason ?? (hasCompatCalls() ? undefined : "this kernel has no 32-bit calls");

const compatSuffix = noCompat === undefined ? "" : ` (skipped: ${noCompat})`;

test.skipIf(noCompat !== undefined)(
  `calls by the 32-bit way are filtered too${compatSuffix}`,
  () => {
    const code = elf(compatCall(COMPAT_UNSHARE, 0));
    writeFileSync(join(directory, "calls"), code, { mode: 0o755 });
    expect(run({ args: ["/tmp/calls"], filter: { mode: "default" } }).status).toBe(1);
  },
  30_000,
);
