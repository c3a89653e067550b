/** The flags of `run` that become isolators of the whole pod. */
import {
  cpuIsolator,
  type Isolator,
  memoryIsolator,
  type NameValue,
  pidsIsolator,
  sharedMemoryIsolator,
  sysctlIsolator,
} from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { type Flag, type FlagValues, listFlag, optionalFlag } from "../grammar/flag.ts";

/** Limits of the pod as a whole; those of its apps lie within them. */
const podCpu = optionalFlag(
  { name: "pod-cpu", usage: "cpu limit for all apps together (example: '--pod-cpu=500m')" },
  cpuIsolator,
);
const podMemory = optionalFlag(
  {
    name: "pod-memory",
    usage: "memory limit for all apps together (example: '--pod-memory=256M')",
  },
  memoryIsolator,
);
const podPidsLimit = optionalFlag(
  { name: "pod-pids-limit", usage: "most processes and threads of all apps together" },
  pidsIsolator,
);
const shmSize = optionalFlag(
  { name: "shm-size", usage: "size of the /dev/shm that the apps share; 64Mi unless told" },
  sharedMemoryIsolator,
);
const sysctl: Flag<readonly NameValue[]> = listFlag(
  {
    name: "sysctl",
    usage: "kernel parameter of the pod (example: '--sysctl=net.core.somaxconn=1024')",
  },
  (text) => {
    const at = text.indexOf("=");
    if (at > 0) return { name: text.slice(0, at), value: text.slice(at + 1) };
    throw new Fault("invalid", `set parameter ${quote(text)}: it is not NAME=VALUE`);
  },
);

export const ISOLATOR_FLAGS: readonly Flag<unknown>[] = [
  podCpu,
  podMemory,
  podPidsLimit,
  shmSize,
  sysctl,
];

/** What the command line asks for, as the pod manifest says it. */
export function podIsolators(flags: FlagValues): readonly Isolator[] {
  const sysctls = flags.get(sysctl);
  const single = [podCpu, podMemory, podPidsLimit, shmSize].map((flag) => flags.get(flag));
  return [
    ...single.filter((each) => each !== undefined),
    ...(sysctls.length > 0 ? [sysctlIsolator(sysctls)] : []),
  ];
}
