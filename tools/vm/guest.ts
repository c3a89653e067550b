/**
 * One boot of the guest, from power on to power off.
 *
 * In: its disks, its kernel and the way the processor is made. Out: what the tests printed, as it
 * comes, and their exit status. QEMU dies with this process; the disks are thrown away.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RootImage } from "./root-image.ts";

/** How the guest's processor is made: by this machine's own, or in software. */
export type Acceleration = "kvm" | "tcg";

export interface GuestOptions {
  readonly root: RootImage;
  readonly project: string;
  readonly acceleration: Acceleration;
  /** For the console and the status. */
  readonly directory: string;
  /** The guest is switched off then. */
  readonly limitMs: number;
}

export interface Ended {
  /** Of the tests; undefined where the guest never came to an end of them. */
  readonly status: number | undefined;
  readonly timedOut: boolean;
  readonly output: string;
  /** The last lines of the console, for a guest that failed. */
  readonly console: string;
}

const PROGRAM = "qemu-system-x86_64";
const MEMORY_MB = 3072;
const PROCESSORS = 2;

const KERNEL_WORDS = [
  "root=/dev/vda",
  "rw",
  "console=ttyS0",
  "panic=-1",
  "mitigations=off",
  "systemd.unified_cgroup_hierarchy=1",
  "systemd.show_status=false",
];

export function qemuCommand(options: Omit<GuestOptions, "limitMs">): string[] {
  const { root, project, acceleration, directory } = options;
  const disk = (path: string): string => `file=${path},if=virtio,format=raw,snapshot=on`;
  return [
    ...[PROGRAM, "-machine", "q35", "-accel", acceleration, "-cpu", "max"],
    ...["-smp", String(PROCESSORS), "-m", String(MEMORY_MB)],
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-nic", "none"],
    ...["-kernel", root.kernel, "-initrd", root.initialFiles],
    ...["-append", KERNEL_WORDS.join(" ")],
    ...["-drive", disk(root.disk), "-drive", disk(project)],
    ...["-serial", `file:${join(directory, "console")}`],
    ...["-device", "virtio-rng-pci", "-device", "virtio-serial-pci"],
    ...["-chardev", "stdio,id=output,signal=off"],
    ...["-device", "virtserialport,chardev=output,name=output"],
    ...["-chardev", `file,id=status,path=${join(directory, "status")}`],
    ...["-device", "virtserialport,chardev=status,name=status"],
  ];
}

/** Boots the guest and waits until it has switched itself off. */
export async function runGuest(options: GuestOptions): Promise<Ended> {
  const { directory } = options;
  const dying = ["setpriv", "--pdeathsig", "KILL", "--"];
  const child = Bun.spawn([...dying, ...qemuCommand(options)], {
    stdin: "pipe", // an end of input would close the port
    stdout: "pipe",
    stderr: "inherit",
    timeout: options.limitMs,
    killSignal: "SIGKILL",
  });
  const output = await passOn(child.stdout);
  await child.exited;
  const status = readIfThere(join(directory, "status")).trim();
  return {
    status: /^\d+$/.test(status) ? Number(status) : undefined,
    timedOut: child.signalCode !== null,
    output,
    console: readIfThere(join(directory, "console")).split("\n").slice(-40).join("\n"),
  };
}

const TRIAL_MS = 10_000;

/**
 * Whether guests run on this machine's own processor: tried with a kernel that has no program to
 * start, gives up at once and so ends the machine. A virtual machine may offer KVM that boots none.
 */
export async function chooseAcceleration(root: RootImage): Promise<Acceleration> {
  if (!existsSync("/dev/kvm")) return "tcg";
  const words = ["console=ttyS0", "panic=-1", "rdinit=/none", "root=/none"];
  const machine = [PROGRAM, "-machine", "q35", "-accel", "kvm", "-cpu", "max", "-m", "512"];
  const quiet = ["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"];
  const child = Bun.spawn(
    [...machine, ...quiet, "-kernel", root.kernel, "-append", words.join(" ")],
    { stdio: ["ignore", "ignore", "ignore"], timeout: TRIAL_MS, killSignal: "SIGKILL" },
  );
  return (await child.exited) === 0 ? "kvm" : "tcg";
}

async function passOn(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    process.stdout.write(chunk);
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
