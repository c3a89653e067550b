/**
 * A machine inside the machine: mount, network, pid, ipc and uts namespaces of its own, so that a
 * failing test leaves nothing on the real one and so that "before = after" can be exact. Files are
 * shared with the real machine, except /run and /var/lib, which are empty. The kernel ends and
 * unmounts all of it when its first process is killed.
 */
import { DIE_WITH_PARENT, type Finished, must, type RunOptions, run } from "../fixtures/process.ts";

export interface Machine extends AsyncDisposable {
  /** Words that put a program inside and wait for it. */
  readonly inside: readonly string[];
  /**
   * Words that put a program inside but leave it a child of the test with a pid that the test can
   * signal.
   */
  readonly beside: readonly string[];
  run(argv: readonly string[], options?: RunOptions): Promise<Finished>;
  /** Runs a shell script that must succeed; returns what it printed. */
  shell(script: string): Promise<string>;
}

export interface MachineOptions {
  /**
   * `unified`: only the hierarchy of version 2 is to be seen. Otherwise what the real machine has.
   */
  readonly cgroups?: "unified";
  /** Lines of shell that make more of the machine before anything is compared with it. */
  readonly setUp?: string;
}

const NAMESPACES = ["--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--mount-proc"];

const SET_UP = `
set -e
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /var/lib
mkdir -p /run/lock
ip link set lo up
`;

const ONLY_UNIFIED = `
umount --recursive --lazy /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
`;

/** Starts the machine; disposing kills every process in it. */
export async function startMachine(options: MachineOptions = {}): Promise<Machine> {
  const script = `${SET_UP}${options.cgroups === "unified" ? ONLY_UNIFIED : ""}
${options.setUp ?? ""}
echo ready; exec catatonit -P`; // an init that reaps
  const argv = [
    ...DIE_WITH_PARENT,
    "unshare",
    ...NAMESPACES,
    "--kill-child=KILL",
    "sh",
    "-c",
    script,
  ];
  const holder = Bun.spawn(argv, { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  for await (const _ready of holder.stdout) break;
  const first = await firstProcess(holder.pid);
  const target = ["nsenter", "--target", first, "--mount", "--net", "--ipc", "--uts"];
  const inside = [...target, "--pid", "--"];
  return {
    inside,
    beside: [...target, "--"],
    run: (program, runOptions) => run([...inside, ...program], runOptions),
    shell: (text) => must([...inside, "sh", "-euc", text]),
    [Symbol.asyncDispose]: async () => {
      holder.kill("SIGKILL");
      await holder.exited;
    },
  };
}

/** Pid, on the real machine, of the process that is number 1 inside. */
async function firstProcess(holder: number): Promise<string> {
  const children = await Bun.file(`/proc/${holder}/task/${holder}/children`).text();
  const [first] = children.trim().split(" ");
  if (first === undefined || first === "") throw new Error("start a machine: unshare failed");
  return first;
}
