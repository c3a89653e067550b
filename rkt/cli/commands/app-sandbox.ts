/**
 * `rkt app sandbox`: a mutable pod without apps; this process becomes its stage1. Apps come and go
 * with the other `rkt app` commands.
 */
import { type NameValue, parseNetFlag } from "@rkt/spec";
import { Fault } from "@shared/base";
import { LOG_FLAGS, logAnnotations } from "../flags/log.ts";
import { net, noOverlay, podName, privateUsers, uuidFileSave } from "../flags/pod.ts";
import { annotation, sandboxPort, userAnnotation, userLabel } from "../flags/sandbox.ts";
import { STAGE1_FLAGS } from "../flags/stage1.ts";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { chooseStage1 } from "./choose-stage1.ts";
import { openStoreOf } from "./open-store.ts";
import { type Gathered, makePod, saveUuid } from "./prepare-pod.ts";
import { planStart, START_FLAGS, startPod } from "./start-pod.ts";

/** A sandbox has no app that could have a terminal. */
const START = START_FLAGS.filter(({ name }) => !["interactive", "mds-register"].includes(name));

export const appSandbox: Command = {
  usage: "app sandbox",
  description: ["Initializes an empty pod having no applications."],
  flags: [
    ...STAGE1_FLAGS,
    ...START,
    ...LOG_FLAGS,
    annotation,
    noOverlay,
    podName,
    privateUsers,
    sandboxPort,
    userAnnotation,
    userLabel,
    uuidFileSave,
  ],
  grammar: "anywhere",
  failureStatus: 1,
  needsRoot: true,
  run: runSandbox,
};

async function runSandbox(host: Host, call: Call): Promise<number> {
  const { mode } = parseNetFlag(call.flags.get(net));
  if (call.flags.get(sandboxPort).length > 0 && (mode === "none" || mode === "host")) {
    throw new Fault("invalid", `--port flag does not work with '${mode}' networking`);
  }
  const start = planStart(call, true);
  const prepared = await makePod(host, call, await sandboxOf(host, call), {
    next: "run",
    onCreated: (uuid) => saveUuid(call.flags.get(uuidFileSave), uuid),
  });
  return await startPod(host, call, prepared, start);
}

async function sandboxOf(host: Host, call: Call): Promise<Gathered> {
  const { flags } = call;
  using store = openStoreOf(host, call);
  const stage1 = await chooseStage1(host, call, store);
  return {
    stage1,
    request: {
      apps: [],
      mutable: true,
      ports: flags.get(sandboxPort),
      annotations: [...flags.get(annotation), ...logAnnotations(flags)],
      ...given("userAnnotations", flags.get(userAnnotation)),
      ...given("userLabels", flags.get(userLabel)),
    },
  };
}

function given<K extends string>(
  key: K,
  pairs: readonly NameValue[],
): { [name in K]?: Readonly<Record<string, string>> } {
  if (pairs.length === 0) return {};
  const record = Object.fromEntries(pairs.map(({ name, value }) => [name, value]));
  return { [key]: record } as { [name in K]?: Readonly<Record<string, string>> };
}
