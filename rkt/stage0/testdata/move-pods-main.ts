/**
 * Takes pods through their whole life, one after the other, each under its lock, until a file
 * appears. Arguments: the data directory, the file.
 */
import { existsSync } from "node:fs";
import process from "node:process";
import { preparePod } from "../mod.ts";
import { movePod, openedPod, pathOf } from "../pod-dir.ts";
import { removeTree } from "../remove-pod.ts";
import { prepareRequest, testHost } from "../testing.ts";

const [path = "", stop = ""] = process.argv.slice(2);
const host = testHost();
const dir = { path, [Symbol.dispose]: () => undefined };
while (!existsSync(stop)) {
  const { uuid, dataDir, lockFd = -1 } = preparePod(host, prepareRequest(dir));
  using pod = openedPod(dataDir, uuid, lockFd);
  movePod(pod, "run", "exited-garbage");
  removeTree(pathOf(pod));
}
