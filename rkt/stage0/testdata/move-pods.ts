/**
 * Takes many pods through their whole life as fast as it can, each under its lock. Arguments: data,
 * how many.
 */
import process from "node:process";
import { preparePod } from "../mod.ts";
import { movePod, openedPod, pathOf } from "../pod-dir.ts";
import { removeTree } from "../remove-pod.ts";
import { prepareRequest, testHost } from "../testing.ts";

const [path = "", count = "0"] = process.argv.slice(2);
const host = testHost();
const dir = { path, [Symbol.dispose]: () => undefined };
for (let i = 0; i < Number(count); i++) {
  const { uuid, dataDir, lockFd = -1 } = preparePod(host, prepareRequest(dir));
  using pod = openedPod(dataDir, uuid, lockFd);
  movePod(pod, "run", "exited-garbage");
  removeTree(pathOf(pod));
}
