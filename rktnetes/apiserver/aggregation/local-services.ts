/**
 * The APIServices of what this server serves itself. In: built-in and custom groups and versions,
 * the APIServices that there are. Out: one object for each; those of built-in groups are made at
 * the start only, those of custom ones come and go with them. Objects that somebody else made are
 * left alone.
 */
import { builtinGroupVersions } from "@rktnetes/api/kinds";
import type { GroupVersion } from "@rktnetes/api/kind";
import { setCondition } from "@rktnetes/api/condition";
import type { JsonObject } from "@rktnetes/api/schema";
import { StatusFault } from "@rktnetes/api/status-fault";
import type { APIService } from "@rktnetes/api/types/apiregistration-v1";
import { builtinKind } from "../admission/lookup.ts";
import { timestamp } from "../host.ts";
import { create } from "../registry/create.ts";
import { deleteObject } from "../registry/delete.ts";
import { update } from "../registry/update.ts";
import { ownRequest } from "../registry/own-request.ts";
import { type Availability, LOCAL } from "./backend.ts";
import { priorityOf } from "./local-priorities.ts";
import type { LocalParts } from "./parts.ts";

const LATER_MS = 1000;
const API_SERVICES = "apiregistration.k8s.io/apiservices";
const MANAGED = "kube-aggregator.kubernetes.io/automanaged";

/** Makes them, each time that somebody asks to look. */
export class LocalServices {
  readonly #parts: LocalParts;
  #work: Promise<void> = Promise.resolve();
  #isAsked = false;
  #hasStarted = false;
  #isOver = false;

  constructor(parts: LocalParts) {
    this.#parts = parts;
  }

  /** Several reasons at once are one look. */
  look(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#work = this.#after(this.#work);
  }

  /** Resolves when all that was asked for is done; there is no later look. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#work;
  }

  async #after(before: Promise<void>): Promise<void> {
    await before;
    this.#isAsked = false;
    try {
      await this.#settle();
    } catch (error) {
      // somebody was faster, and an event comes; or the store is away for a while
      if (!(error instanceof StatusFault)) void this.#lookLater();
    }
  }

  async #lookLater(): Promise<void> {
    await this.#parts.registry.host.clock.sleep(LATER_MS);
    if (!this.#isOver) this.look();
  }

  async #settle(): Promise<void> {
    const { lookup, kinds } = this.#parts;
    const all = await lookup.listFresh<APIService>(API_SERVICES);
    const there = new Map(all.map((each) => [each.metadata.name ?? "", each]));
    const own = kinds.groupVersions().filter(isListed);
    const builtin = new Set(builtinGroupVersions().map(nameOf));
    for (const each of own) {
      const name = nameOf(each);
      const isBuiltin = builtin.has(name);
      if (there.has(name) || (isBuiltin && this.#hasStarted)) continue;
      await this.#create(each, isBuiltin ? "onstart" : "true");
    }
    const wanted = new Set(own.map(nameOf));
    for (const [name, each] of there) {
      const managed = each.metadata.labels?.[MANAGED] ?? "";
      const isOld = managed === "true" || (managed === "onstart" && !this.#hasStarted);
      if (isOld && !wanted.has(name)) await this.#delete(name);
      else if (each.spec.service === undefined) await say(this.#parts, each, LOCAL);
    }
    this.#hasStarted = true;
  }

  async #create({ group, version }: GroupVersion, managed: string): Promise<void> {
    const { registry } = this.#parts;
    const resource = await registry.resource(builtinKind(API_SERVICES));
    const name = nameOf({ group, version });
    const { groupPriority, versionPriority } = priorityOf({ group, version });
    const object: JsonObject = {
      kind: "APIService",
      apiVersion: "apiregistration.k8s.io/v1",
      metadata: { name, labels: { [MANAGED]: managed } },
      spec: {
        ...(group === "" ? {} : { group }),
        version,
        groupPriorityMinimum: groupPriority,
        versionPriority,
      },
      status: {},
    };
    await create(registry, resource, object, ownRequest({ name }));
  }

  async #delete(name: string): Promise<void> {
    const { registry } = this.#parts;
    const resource = await registry.resource(builtinKind(API_SERVICES));
    await deleteObject(registry, resource, { ...ownRequest({ name }), options: NO_OPTIONS });
  }
}

/** The group of these objects themselves has none. */
function isListed({ group }: GroupVersion): boolean {
  return group !== "apiregistration.k8s.io";
}

function nameOf({ group, version }: GroupVersion): string {
  return `${version}.${group}`;
}

const NO_OPTIONS = {
  gracePeriodSeconds: undefined,
  propagationPolicy: undefined,
  orphanDependents: undefined,
  uid: undefined,
  resourceVersion: undefined,
  dryRun: false,
};

/** Writes the condition `Available` where it is not what is known. */
export async function say(
  { registry }: Pick<LocalParts, "registry">,
  { metadata, status }: APIService,
  { isAvailable, reason, message }: Availability,
): Promise<void> {
  const wanted = isAvailable ? "True" : "False";
  const before = status.conditions?.find(({ type }) => type === "Available");
  const isSaid = before?.status === wanted && before.reason === reason;
  if (isSaid && before.message === message) return;
  const lastTransitionTime = timestamp(registry.host.clock.now());
  const resource = await registry.resource(builtinKind(API_SERVICES));
  const condition = { type: "Available", status: wanted, lastTransitionTime, reason, message };
  await update(registry, resource, {
    ...ownRequest({ name: metadata.name ?? "", subresource: "status" }),
    mayCreate: false,
    change: (current = {}) => {
      const next = structuredClone(current);
      setCondition(next, condition);
      return next;
    },
  });
}
