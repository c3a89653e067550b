/**
 * Every request takes a place of its priority level while it is served, so that one client cannot
 * take the server from the others, and the cluster's own leases always find one. In: users and what
 * they ask for. Out: places. Levels and flows are objects of the API; a change counts at once.
 */
import { StatusFault } from "@rktnetes/api/status-fault";
import type { FlowSchema, PriorityLevelConfiguration } from "@rktnetes/api/types/flowcontrol-v1";
import { Fault } from "@shared/base";
import type { Lookup } from "../admission/lookup.ts";
import type { Attributes, User } from "../auth/user.ts";
import type { ServerHost } from "../host.ts";
import { FlowCounts, type Refusal } from "./flow-counts.ts";
import { byPrecedence, matchesSchema } from "./flow-schemas.ts";
import { type House, type Leave, type LevelLimits, PriorityLevel } from "./priority-level.ts";

const GROUP = "flowcontrol.apiserver.k8s.io";
const SCHEMAS = `${GROUP}/flowschemas`;
const LEVELS = `${GROUP}/prioritylevelconfigurations`;

/** So many requests are served at a time. */
const SEATS = 600;

/** A request waits no longer than this for its place. */
const WAIT_MS = 15_000;

/** How a request was sorted. */
export interface Sorted {
  /** What clients are told of it. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Resolves when there is a place; the caller gives it back, at once for what goes on for long.
   *
   * @throws {StatusFault} 429 when too many wait already, or for too long
   */
  readonly enter: () => Promise<Leave>;
}

interface Flow {
  readonly schema: FlowSchema;
  readonly uid: string;
  readonly levelName: string;
  /** Undefined where nobody waits. */
  readonly level: PriorityLevel | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

const AT_ONCE = (): Promise<Leave> => Promise.resolve(() => undefined);

export class Fairness implements House {
  readonly seats: number;
  readonly #lookup: Lookup;
  readonly #host: ServerHost;
  readonly #levels = new Map<string, PriorityLevel>();
  /** What became of requests. */
  readonly counts: FlowCounts = new FlowCounts();
  #names: readonly string[] = [];
  #version = "";
  #flows: readonly Flow[] = [];

  constructor(lookup: Lookup, host: ServerHost, seats: number = SEATS) {
    this.seats = seats;
    this.#lookup = lookup;
    this.#host = host;
  }

  levels(): readonly PriorityLevel[] {
    return [...this.#levels.values()];
  }

  async flowFor(user: User, attributes: Attributes): Promise<Sorted> {
    await this.#refresh();
    const flow = this.#flows.find(({ schema }) => matchesSchema(schema, user, attributes));
    if (flow === undefined) return { headers: {}, enter: AT_ONCE };
    const { level, headers, levelName, schema } = flow;
    const entering = async (): Promise<Leave> =>
      level === undefined
        ? await AT_ONCE()
        : (level.tryEnter() ?? (await this.#wait(level, flowOf(flow, user, attributes))));
    const name = schema.metadata.name ?? "";
    const enter = async (): Promise<Leave> => {
      try {
        return await this.counts.follow(levelName, name, entering, refusalOf);
      } catch (error) {
        throw refusalOf(error) === undefined ? error : tooMany();
      }
    };
    return { headers, enter };
  }

  /** Of all levels, those too that nobody waits for. */
  levelNames(): readonly string[] {
    return this.#names;
  }

  /** Seats that each level has for itself. */
  seatsOfLevels(): ReadonlyMap<string, number> {
    return new Map(this.levels().map(({ name, seats }) => [name, seats]));
  }

  level(name: string): PriorityLevel | undefined {
    return this.#levels.get(name);
  }

  async #wait(level: PriorityLevel, flow: string): Promise<Leave> {
    const patience = new AbortController();
    const timer = new AbortController();
    const waiting = this.#host.clock.sleep(WAIT_MS, timer.signal).then(
      () => patience.abort(),
      () => undefined,
    );
    try {
      return await level.wait(flow, this.#host.clock.now(), patience.signal);
    } finally {
      timer.abort(new Fault("canceled", "the request has its place"));
      await waiting;
    }
  }

  async #refresh(): Promise<void> {
    const version = await this.#lookup.versionOf([SCHEMAS, LEVELS]);
    if (version === this.#version) return;
    const configurations = await this.#lookup.list<PriorityLevelConfiguration>(LEVELS);
    this.#version = version;
    this.#resize(configurations);
    this.#names = configurations.map(({ metadata: { name = "" } }) => name).sort();
    const uids = new Map(configurations.map(({ metadata: { name, uid } }) => [name, uid ?? ""]));
    const schemas = byPrecedence(await this.#lookup.list<FlowSchema>(SCHEMAS));
    this.#flows = schemas
      .filter(({ spec }) => uids.has(spec.priorityLevelConfiguration.name))
      .map((schema): Flow => {
        const { name } = schema.spec.priorityLevelConfiguration;
        const uid = schema.metadata.uid ?? "";
        const headers = {
          "x-kubernetes-pf-flowschema-uid": uid,
          "x-kubernetes-pf-prioritylevel-uid": uids.get(name) ?? "",
        };
        return { schema, uid, levelName: name, level: this.#levels.get(name), headers };
      });
  }

  #resize(configurations: readonly PriorityLevelConfiguration[]): void {
    const shares = configurations.reduce((sum, each) => sum + sharesOf(each), 0);
    const known = new Set<string>();
    for (const configuration of configurations) {
      if (configuration.spec.type !== "Limited") continue;
      const { name = "" } = configuration.metadata;
      known.add(name);
      const limits = limitsOf(configuration, this.seats / Math.max(1, shares));
      const level = this.#levels.get(name);
      if (level === undefined) this.#levels.set(name, new PriorityLevel(name, limits, this));
      else level.resize(limits);
    }
    for (const name of this.#levels.keys()) if (!known.has(name)) this.#levels.delete(name);
  }
}

const SHARES = 30;

function sharesOf({ spec }: PriorityLevelConfiguration): number {
  if (spec.type === "Exempt") return spec.exempt?.nominalConcurrencyShares ?? 0;
  return spec.limited?.nominalConcurrencyShares ?? SHARES;
}

function limitsOf(configuration: PriorityLevelConfiguration, seatsPerShare: number): LevelLimits {
  const { limited } = configuration.spec;
  const seats = Math.ceil(sharesOf(configuration) * seatsPerShare);
  const lendable = Math.round((seats * (limited?.lendablePercent ?? 0)) / 100);
  const percent = limited?.borrowingLimitPercent;
  const isLimited = typeof percent === "number";
  const borrowed = isLimited ? Math.round((seats * percent) / 100) : Number.POSITIVE_INFINITY;
  const { type, queuing } = limited?.limitResponse ?? { type: "Reject" };
  if (type !== "Queue")
    return { seats, lendable, borrowed, queues: 0, handSize: 0, queueLength: 0 };
  const { queues = 64, handSize = 8, queueLengthLimit: queueLength = 50 } = queuing ?? {};
  return { seats, lendable, borrowed, queues, handSize, queueLength };
}

/** Requests of one flow wait behind each other: its schema, and whom it is told apart by. */
function flowOf({ schema }: Flow, user: User, attributes: Attributes): string {
  const by = schema.spec.distinguisherMethod?.type;
  const who = by === "ByUser" ? user.name : by === "ByNamespace" ? attributes.namespace : "";
  return `${schema.metadata.name ?? ""}\0${who}`;
}

function tooMany(): StatusFault {
  return new StatusFault({
    code: 429,
    reason: "TooManyRequests",
    message: "Too many requests, please try again later.",
    details: { retryAfterSeconds: 1 },
  });
}

/** Why a request has no place; undefined for other errors. */
function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof Fault)) return undefined;
  if (error.kind === "timeout") return "time-out";
  return error.kind === "exhausted" ? "queue-full" : undefined;
}
