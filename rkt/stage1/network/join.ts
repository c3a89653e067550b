/**
 * The network namespace of another pod that runs: the beginning of its UUID flows in, a path flows
 * out.
 */
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Fault, quote } from "@shared/base";
import { type Kernel, namespacePath } from "@shared/linux";
import { podPaths } from "../contract.ts";

/**
 * @param own directory of the pod that asks; the others lie beside it
 * @throws {Fault} "not-found", "ambiguous", "precondition" where the pod has ended
 */
export function networkOfPod(host: { readonly kernel: Kernel }, own: string, uuid: string): string {
  const running = dirname(own);
  const found = readdirSync(running).filter((name) => name.startsWith(uuid));
  const [name] = found;
  const action = `join the network of pod ${quote(uuid)}`;
  if (name === undefined) throw new Fault("not-found", `${action}: no such pod runs`);
  if (found.length > 1) throw new Fault("ambiguous", `${action}: ${found.length} pods begin so`);
  const pod = join(running, name);
  if (hasEnded(host.kernel, pod)) throw new Fault("precondition", `${action}: it has ended`);
  return namespacePath(Number(readFileSync(podPaths.pid(pod), "utf8")), "net");
}

/** Its pid would be somebody else's: nobody holds the lock of the directory. */
function hasEnded(kernel: Kernel, pod: string): boolean {
  const fd = openSync(pod, "r");
  try {
    return kernel.flock(fd, "shared", { wait: false });
  } finally {
    closeSync(fd);
  }
}
