/** Versions of a custom kind that a program converts, as clients of the registry see them. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { create } from "../registry/create.ts";
import { deleteObject } from "../registry/delete.ts";
import { list } from "../registry/list.ts";
import { readListQuery } from "../registry/options/list-options.ts";
import type { Registry } from "../registry/registry.ts";
import type { Resource } from "../registry/resource.ts";
import { update } from "../registry/update.ts";
import { openWatch } from "../registry/watch.ts";
import { type Cluster, openCluster } from "../testing/cluster.ts";
import { startTlsProgram, type TlsProgram } from "../testing/tls-program.ts";

interface Question {
  readonly uid: string;
  readonly desiredAPIVersion: string;
  readonly objects: readonly JsonObject[];
}

let program: TlsProgram;
let cluster: Cluster;
let questions: Question[] = [];
let reviews: string[] = [];
/** What the program says instead of what is right. */
let spoil: (review: JsonObject) => JsonObject = (review) => review;

beforeAll(async () => {
  program = await startTlsProgram((asked) => {
    const request = asked["request"] as unknown as Question;
    questions.push(request);
    reviews.push(textAt(asked, "apiVersion"));
    const { uid, desiredAPIVersion, objects } = request;
    const convertedObjects = objects.map((each) => converted(each, desiredAPIVersion));
    const response = { uid, result: { status: "Success" }, convertedObjects };
    const { kind = "", apiVersion = "" } = asked;
    return spoil({ kind, apiVersion, response });
  });
});

afterAll(async () => {
  await program[Symbol.asyncDispose]();
});

/** v1 has `address: host:port`, v2 has `host` and `port`. */
function converted(object: JsonObject, apiVersion: string): JsonObject {
  const { address: _address, host: _host, port: _port, ...rest } = object;
  if (apiVersion.endsWith("/v1")) {
    return { ...rest, apiVersion, address: `${textAt(object, "host")}:${textAt(object, "port")}` };
  }
  const [host = "", port = ""] = textAt(object, "address").split(":");
  return { ...rest, apiVersion, host, port };
}

function textAt(object: JsonObject, field: string): string {
  const value = object[field];
  return typeof value === "string" ? value : "";
}

const text = { type: "string" };

function definition(storage: string, reviewVersions: readonly string[] = ["v1"]): JsonObject {
  const version = (name: string, properties: JsonObject): JsonObject => ({
    name,
    served: true,
    storage: name === storage,
    schema: { openAPIV3Schema: { type: "object", properties } },
  });
  const clientConfig = { url: `${program.url}/convert`, caBundle: program.caBundle };
  const conversionReviewVersions = [...reviewVersions];
  return {
    metadata: { name: "doors.a.b" },
    spec: {
      group: "a.b",
      scope: "Namespaced",
      names: { plural: "doors", kind: "Door", singular: "door", listKind: "DoorList" },
      versions: [
        version("v1", { address: text }),
        version("v2", { host: text, port: text, lock: { type: "string", default: "open" } }),
      ],
      conversion: { strategy: "Webhook", webhook: { clientConfig, conversionReviewVersions } },
    },
  };
}

async function define(wanted: JsonObject): Promise<void> {
  const resource = await cluster.resource("apiextensions.k8s.io", "customresourcedefinitions");
  await update(cluster.registry, resource, {
    ...cluster.request({ name: "doors.a.b" }),
    mayCreate: true,
    change: (current) => (current === undefined ? wanted : { ...current, ...pick(wanted) }),
  });
  await cluster.registry.hub.catchUp();
  await cluster.server.definitions.settled();
}

function pick({ spec = null }: JsonObject): JsonObject {
  return { spec };
}

async function doors(version: string): Promise<Resource> {
  const kind = cluster.server.kinds.find("a.b", version, "doors");
  if (kind === undefined) throw new Error(`doors of ${version} are not served`);
  return await cluster.registry.resource(kind);
}

async function make(version: string, name: string, fields: JsonObject): Promise<JsonObject> {
  const object = { apiVersion: `a.b/${version}`, kind: "Door", metadata: { name }, ...fields };
  const asking = cluster.request({ namespace: "default", name: "" });
  const written = await create(cluster.registry, await doors(version), object, asking);
  return written.object.copy();
}

async function read(version: string, name: string): Promise<JsonObject> {
  const found = await cluster.registry.find(await doors(version), "default", name);
  return found?.copy() ?? {};
}

async function all(version: string): Promise<readonly JsonObject[]> {
  const query = readListQuery(new URLSearchParams(), false);
  const found = await list(cluster.registry, await doors(version), "default", query);
  return found.objects.map((each) => each.copy());
}

function failureIn(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => "nothing went wrong",
    (error: Error) => error.message,
  );
}

async function stored(registry: Registry, name: string): Promise<JsonObject> {
  const entry = await registry.hub.store.get(`/registry/a.b/doors/default/${name}`);
  return JSON.parse(Buffer.from(entry?.value ?? "null").toString()) as JsonObject;
}

beforeEach(() => {
  questions = [];
  reviews = [];
  spoil = (review) => review;
});

describe("a custom kind whose versions a webhook converts", () => {
  beforeEach(async () => {
    cluster = await openCluster();
    await define(definition("v1"));
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  test("is stored in one version and shown in each", async () => {
    const made = await make("v2", "front", { host: "here", port: "1" });
    expect([made["host"], made["port"]]).toEqual(["here", "1"]);
    const kept = await stored(cluster.registry, "front");
    expect([kept["apiVersion"], kept["address"]]).toEqual(["a.b/v1", "here:1"]);
    expect((await read("v1", "front"))["address"]).toBe("here:1");
    expect((await read("v2", "front"))["host"]).toBe("here");
    expect(reviews).not.toBeEmpty();
    expect(new Set(reviews)).toEqual(new Set(["apiextensions.k8s.io/v1"]));
  });

  test("a list is one question, and what needs none is not asked of", async () => {
    await make("v1", "a", { address: "x:1" });
    await make("v1", "b", { address: "y:2" });
    expect((await all("v1")).length).toBe(2);
    expect(questions).toEqual([]);
    const seen = await all("v2");
    expect(seen.map(({ host }) => host ?? null)).toEqual(["x", "y"]);
    expect(questions.map(({ objects }) => objects.length)).toEqual([2]);
  });

  test("objects of both versions lie side by side once the stored one changes", async () => {
    await make("v1", "old", { address: "x:1" });
    await define(definition("v2"));
    await make("v1", "new", { address: "y:2" });
    expect((await stored(cluster.registry, "old"))["apiVersion"]).toBe("a.b/v1");
    expect((await stored(cluster.registry, "new"))["apiVersion"]).toBe("a.b/v2");
    expect((await all("v1")).map(({ address }) => address ?? null)).toEqual(["y:2", "x:1"]);
    expect((await all("v2")).map(({ port }) => port ?? null)).toEqual(["2", "1"]);
    expect((await read("v2", "old"))["lock"]).toBeUndefined();
    await rewrite("v1", "old");
    expect((await stored(cluster.registry, "old"))["apiVersion"]).toBe("a.b/v2");
    expect((await read("v2", "old"))["lock"]).toBe("open");
  });

  test("watches of every version see every change in their own form", async () => {
    const lines: string[] = [];
    const seen = watchDoors("v2", lines);
    const run = await seen.open;
    const done = run();
    await make("v1", "a", { address: "x:1" });
    await make("v2", "b", { host: "y", port: "2" });
    const asking = { ...cluster.request({ namespace: "default", name: "a" }), options: NOW };
    await deleteObject(cluster.registry, await doors("v1"), asking);
    await cluster.registry.fresh(await doors("v2"));
    seen.stop.abort();
    await done;
    expect(lines).toEqual(["ADDED a x", "ADDED b y", "DELETED a x"]);
  });

  test("a watch ends when the definition changes", async () => {
    const lines: string[] = [];
    const seen = watchDoors("v1", lines);
    const done = (await seen.open)();
    await make("v1", "a", { address: "x:1" });
    await cluster.registry.hub.catchUp();
    await define(definition("v2"));
    seen.stop.abort();
    await done;
    expect(lines).toEqual(["ADDED a ", "END"]);
  });

  test("a request that began before the definition changed is to come again", async () => {
    await make("v1", "a", { address: "x:1" });
    const before = await doors("v1");
    await define(definition("v2"));
    const reading = cluster.registry.find(before, "default", "a");
    expect(await failureIn(reading)).toBe("storage is (re)initializing");
    expect((await read("v1", "a"))["address"]).toBe("x:1");
  });

  test("an update in another version keeps who owns what", async () => {
    await make("v1", "a", { address: "x:1" });
    const written = await update(cluster.registry, await doors("v2"), {
      ...cluster.request({ namespace: "default", name: "a", fieldManager: "other" }),
      mayCreate: false,
      change: (current = {}) => ({ ...current, lock: "shut" }),
    });
    const { managedFields } = written.object.object["metadata"] as JsonObject;
    const owners = (managedFields as readonly JsonObject[]).map(({ manager }) => manager);
    expect(new Set(owners)).toEqual(new Set(["other", "test"]));
  });

  test("labels and annotations may change, the rest of the metadata stays", async () => {
    await make("v1", "a", { address: "x:1" });
    spoil = (review) =>
      withObjects(review, (object) => ({
        ...object,
        metadata: { ...metaOf(object), labels: { seen: "yes" }, finalizers: ["a.b/x"] },
      }));
    const { metadata } = await read("v2", "a");
    const { labels, finalizers } = metadata as JsonObject;
    expect([labels, finalizers]).toEqual([{ seen: "yes" }, undefined]);
  });

  const SPOILT: readonly [string, (review: JsonObject) => JsonObject, string][] = [
    [
      "a refusal",
      (review) => withResponse(review, { result: { status: "Failure", message: "no way" } }),
      "conversion webhook for a.b/v1, Kind=Door failed: no way",
    ],
    [
      "a failure without words",
      (review) => withResponse(review, { result: { status: "Failure" } }),
      "response.result.status was 'Failure', not 'Success'",
    ],
    ["another uid", (review) => withResponse(review, { uid: "other" }), 'got "other"'],
    [
      "no answer",
      ({ kind = "", apiVersion = "" }) => ({ kind, apiVersion }),
      "conversion webhook for a.b/v1, Kind=Door failed: no response provided",
    ],
    [
      "another kind of answer",
      (review) => ({ ...review, apiVersion: "apiextensions.k8s.io/v1beta1" }),
      "expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got " +
        "apiextensions.k8s.io/v1beta1, Kind=ConversionReview",
    ],
    [
      "too few objects",
      (review) => withResponse(review, { convertedObjects: [] }),
      "conversion webhook for a.b/v1, Kind=Door returned 0 objects, expected 1",
    ],
    [
      "objects that were not converted",
      (review) => withObjects(review, (object) => ({ ...object, apiVersion: "a.b/v1" })),
      "conversion webhook for a.b/v1, Kind=Door returned invalid object at index 0: " +
        "invalid groupVersion (expected a.b/v2, received a.b/v1)",
    ],
    [
      "objects of another kind",
      (review) => withObjects(review, (object) => ({ ...object, kind: "Window" })),
      "returned invalid object at index 0: invalid kind (expected Door, received Window)",
    ],
    [
      "another object",
      (review) => withMeta(review, { name: "b" }),
      "returned invalid object: must have the same name: a != b",
    ],
    [
      "labels that are none",
      (review) => withMeta(review, { labels: { "": "x" } }),
      "returned invalid metadata: [metadata.labels: Invalid value",
    ],
    [
      "annotations that are no text",
      (review) => withMeta(review, { annotations: { a: 1 } }),
      "metadata.annotations[a] must be a string, but is int64 in converted object",
    ],
  ];
  test.each(SPOILT)("%s is an error that clients see", async (_what, spoilt, message) => {
    await make("v1", "a", { address: "x:1" });
    spoil = spoilt;
    expect(await failureIn(read("v2", "a"))).toContain(message);
    expect(await failureIn(all("v2"))).toContain(message);
    expect(await failureIn(rewrite("v2", "a"))).toContain(message);
    expect((await read("v1", "a"))["address"]).toBe("x:1");
    spoil = (review) => review;
    expect((await all("v2")).length).toBe(1);
  });

  test("a webhook may know the older form only", async () => {
    await define(definition("v1", ["v3", "v1beta1"]));
    await make("v2", "a", { host: "x", port: "1" });
    expect(new Set(reviews)).toEqual(new Set(["apiextensions.k8s.io/v1beta1"]));
  });
});

const NOW = {
  gracePeriodSeconds: 0,
  propagationPolicy: undefined,
  orphanDependents: undefined,
  uid: undefined,
  resourceVersion: undefined,
  dryRun: false,
};

async function rewrite(version: string, name: string): Promise<void> {
  await update(cluster.registry, await doors(version), {
    ...cluster.request({ namespace: "default", name }),
    mayCreate: false,
    change: (current = {}) => current,
  });
}

interface Watching {
  readonly stop: AbortController;
  readonly open: Promise<() => Promise<void>>;
}

function watchDoors(version: string, lines: string[]): Watching {
  const stop = new AbortController();
  const query = readListQuery(new URLSearchParams({ watch: "true" }), true);
  const open = doors(version).then((resource) =>
    openWatch(cluster.registry, resource, {
      namespace: "default",
      query,
      signal: stop.signal,
      sink: {
        end: () => lines.push("END"),
        initial: () => Promise.resolve(),
        room: () => Promise.resolve(),
        cut: () => undefined,
        bookmark: () => undefined,
        error: (fault) => lines.push(`ERROR ${fault.message}`),
        events: (events) => {
          for (const { notice } of events) {
            const { object } = notice.object;
            const name = textAt(metaOf(object), "name");
            lines.push(`${notice.type} ${name} ${textAt(object, "host")}`);
          }
        },
      },
    }),
  );
  return { stop, open };
}

function metaOf({ metadata }: JsonObject): JsonObject {
  return metadata as JsonObject;
}

function withResponse(review: JsonObject, parts: JsonObject): JsonObject {
  return { ...review, response: { ...(review["response"] as JsonObject), ...parts } };
}

function withObjects(review: JsonObject, change: (object: JsonObject) => Json): JsonObject {
  const { convertedObjects } = review["response"] as JsonObject;
  const changed = (convertedObjects as readonly JsonObject[]).map(change);
  return withResponse(review, { convertedObjects: changed });
}

function withMeta(review: JsonObject, parts: JsonObject): JsonObject {
  return withObjects(review, (object) => ({
    ...object,
    metadata: { ...metaOf(object), ...parts },
  }));
}
