/**
 * `--mds-register`: a prepared pod flows in, the metadata service learns its manifests, and the
 * token that proves to the service who asks flows out. Nothing of a failed registration stays.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { abandonPod, type PreparedPod, type Stage0Host } from "@rkt/stage0";
import { podPaths } from "@rkt/stage1/contract";
import { forgetPod, METADATA_SOCKET } from "@rkt/stage1/metadata";
import { Fault } from "@shared/base";

const ATTEMPTS = 3;
const PAUSE_MS = 100;

type RegisterHost = Pick<Stage0Host, "clock" | "kernel">;

/**
 * Runs `start` with the token of the pod, which is registered then. A pod that does not start is
 * forgotten again.
 *
 * @throws {Fault} "unavailable" where the service does not answer or refuses the pod, which is
 *   removed then; whatever `start` throws
 */
export async function registeredPod(
  host: RegisterHost,
  pod: PreparedPod,
  start: (token: string) => Promise<number>,
): Promise<number> {
  const token = crypto.getRandomValues(new Uint8Array(16)).toHex();
  try {
    await register(host, pod, token);
  } catch (error) {
    await forgetPod(pod.uuid);
    abandonPod(host, pod);
    throw error;
  }
  try {
    return await start(token);
  } catch (error) {
    await forgetPod(pod.uuid);
    throw error;
  }
}

async function register(
  host: RegisterHost,
  { path, uuid, manifest }: PreparedPod,
  token: string,
): Promise<void> {
  writeFileSync(podPaths.metadataRegistered(path), "");
  try {
    await put(host, `/pods/${uuid}?token=${token}`, podPaths.manifest(path));
    for (const { name } of manifest.apps) {
      await put(host, `/pods/${uuid}/${name}`, podPaths.appImageManifest(path, name));
    }
  } catch (cause) {
    const hint = "is the metadata service running? Start it with: rkt metadata-service";
    throw new Fault("unavailable", "failed to register pod with metadata svc", { cause, hint });
  }
}

async function put(host: RegisterHost, path: string, file: string): Promise<void> {
  const body = readFileSync(file);
  for (let attempt = 1; ; attempt++) {
    try {
      return await putOnce(path, body);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await host.clock.sleep(PAUSE_MS);
    }
  }
}

async function putOnce(path: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
  let response: Response;
  try {
    response = await fetch(`http://metadata${path}`, {
      method: "PUT",
      body,
      unix: METADATA_SOCKET,
    });
  } catch (cause) {
    throw new Fault("unavailable", `dial unix ${METADATA_SOCKET}: nobody answers`, { cause });
  }
  if (response.ok) return;
  const words = (await response.text()).trim();
  throw new Fault("unavailable", `PUT ${path.replace(/\?.*/, "")}: ${response.status} ${words}`);
}
