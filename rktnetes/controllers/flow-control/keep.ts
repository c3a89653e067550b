/**
 * What orders requests: flow schemas say whether their priority level is there, and those that a
 * server needs are there and as they should be. In: the objects of a fresh cluster. Out: their
 * status, and what somebody took away or bent. Belongs to the server, not to the controllers that
 * can be chosen.
 */
import type { JsonObject } from "@rktnetes/api/schema";
import type { FlowSchema } from "@rktnetes/api/types/flowcontrol-v1";
import { StatusFault } from "@rktnetes/api/status-fault";
import type { Place } from "@rktnetes/client/client";
import { Informer, keyOf, metadataOf } from "@rktnetes/client/informer";
import { WorkQueue } from "@rktnetes/client/work-queue";
import type { ControllerHost } from "../controller.ts";

const GROUP = { group: "flowcontrol.apiserver.k8s.io", version: "v1" };
const SCHEMAS: Place = { ...GROUP, resource: "flowschemas" };
const LEVELS: Place = { ...GROUP, resource: "prioritylevelconfigurations" };

const MANAGER = "api-priority-and-fairness-config-consumer-v1";
const AUTO_UPDATE = "apf.kubernetes.io/autoupdate-spec";
/** Nobody may change these; of others, an annotation says so. */
const MANDATORY: ReadonlySet<string> = new Set(["catch-all", "exempt"]);
const PERIOD_MS = 60_000;

/** Objects of a fresh cluster. */
export interface NeededObjects {
  readonly schemas: readonly JsonObject[];
  readonly levels: readonly JsonObject[];
}

/** Runs until the signal aborts. */
export async function keepFlowControl(host: ControllerHost, needed: NeededObjects): Promise<void> {
  const { client, clock, signal, note } = host;
  const until = { clock, signal };
  const queue = new WorkQueue(
    async (name) => {
      await levels.synced;
      await saySchema(host, schemas.objects.get(name), levels.objects);
      return undefined;
    },
    {
      ...until,
      workers: 1,
      failed: (name, error) => {
        const isUsual = error instanceof StatusFault && [404, 409].includes(error.failure.code);
        if (!isUsual) note(`flow control: ${name}: ${String(error)}`);
      },
    },
  );
  const all = (): void => {
    for (const name of schemas.objects.keys()) queue.add(name);
  };
  const levels = new Informer(
    client,
    LEVELS,
    { changed: (_level, before) => void (before === undefined && all()), deleted: all },
    until,
  );
  const schemas = new Informer(
    client,
    SCHEMAS,
    { changed: (schema) => queue.add(keyOf(schema)), deleted: () => {} },
    until,
  );
  const running = [levels.run(), schemas.run()];
  await Promise.all([levels.synced, schemas.synced]);
  while (!signal.aborted) {
    try {
      for (const level of needed.levels) await keep(host, LEVELS, level, levels.objects);
      for (const schema of needed.schemas) await keep(host, SCHEMAS, schema, schemas.objects);
    } catch (error) {
      if (!signal.aborted) note(`flow control: keep what is needed: ${String(error)}`);
    }
    await clock.sleep(PERIOD_MS, signal).catch(() => undefined);
  }
  await Promise.all(running);
}

async function saySchema(
  { client, clock }: ControllerHost,
  object: JsonObject | undefined,
  levels: ReadonlyMap<string, JsonObject>,
): Promise<void> {
  if (object === undefined) return;
  const { metadata, spec, status } = object as unknown as FlowSchema;
  const level = spec.priorityLevelConfiguration.name;
  const isDangling = !levels.has(level);
  const which = `the PriorityLevelConfiguration object named ${JSON.stringify(level)}`;
  const end = isDangling ? "but there is no such object" : "and it exists";
  const said = {
    type: "Dangling",
    status: isDangling ? "True" : "False",
    reason: isDangling ? "NotFound" : "Found",
    message: `This FlowSchema references ${which} ${end}`,
  };
  const before = (status?.conditions ?? []).find(({ type }) => type === "Dangling");
  if (before?.status === said.status && before.message === said.message) return;
  const isSame = before?.status === said.status;
  const now = `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
  const lastTransitionTime = isSame ? (before?.lastTransitionTime ?? now) : now;
  const name = metadata.name ?? "";
  const applied = {
    apiVersion: "flowcontrol.apiserver.k8s.io/v1",
    kind: "FlowSchema",
    metadata: { name },
    status: { conditions: [{ ...said, lastTransitionTime }] },
  };
  await client.apply({ ...SCHEMAS, name, subresource: "status" }, applied, MANAGER);
}

async function keep(
  { client }: ControllerHost,
  place: Place,
  needed: JsonObject,
  there: ReadonlyMap<string, JsonObject>,
): Promise<void> {
  const name = keyOf(needed);
  const present = there.get(name);
  const { annotations = {} } = metadataOf(needed);
  if (present === undefined) {
    const { apiVersion = "", kind = "", spec = {} } = needed;
    await unlessThere(
      client.create(place, { apiVersion, kind, metadata: { name, annotations }, spec }),
    );
    return;
  }
  const marks = metadataOf(present)["annotations"] as JsonObject | undefined;
  const isKept = MANDATORY.has(name) || marks?.[AUTO_UPDATE] === "true";
  const isBent = JSON.stringify(sorted(present["spec"])) !== JSON.stringify(sorted(needed["spec"]));
  if (!isKept || !isBent) return;
  await unlessThere(client.replace({ ...place, name }, { ...present, spec: needed["spec"] ?? {} }));
}

/** Somebody else was faster: the next look will tell. */
async function unlessThere(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!(error instanceof StatusFault) || error.failure.code !== 409) throw error;
  }
}

/** The same value with the fields of all objects in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return fields.map(([name, each]) => [name, sorted(each)]);
}
