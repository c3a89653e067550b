/**
 * The network namespace of another pod that runs: the beginning of its UUID flows in, a path flows
 * out.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Fault, quote } from "@shared/base";
import { namespacePath } from "@shared/linux";
import { podPaths } from "../contract.ts";

/**
 * @param own directory of the pod that asks; the others lie beside it
 * @throws {Fault} "not-found", "ambiguous"
 */
export function networkOfPod(own: string, uuid: string): string {
  const running = dirname(own);
  const found = readdirSync(running).filter((name) => name.startsWith(uuid));
  const [name] = found;
  const action = `join the network of pod ${quote(uuid)}`;
  if (name === undefined) throw new Fault("not-found", `${action}: no such pod runs`);
  if (found.length > 1) throw new Fault("ambiguous", `${action}: ${found.length} pods begin so`);
  const pid = Number(readFileSync(podPaths.pid(join(running, name)), "utf8"));
  return namespacePath(pid, "net");
}
