/**
 * The ports that services have on every node. In: a service's spec. Out: ports that no other
 * service has, and the keys that hold them. Chooses above the ports that people ask for by number.
 */
import { type FieldError, invalid } from "@rktnetes/api/field-error";
import type { JsonObject } from "@rktnetes/api/schema";
import { plainFault } from "@rktnetes/api/status-fault";
import { readList, readNumber, readObject } from "@rktnetes/api/strategy/object-at";
import { needsNodePorts } from "@rktnetes/api/strategy/core/service";
import type { Write } from "../../storage/store.ts";
import { ROOT } from "../cache/hub.ts";
import type { Registry } from "../registry.ts";
import type { Owner } from "./addresses.ts";

const FIRST = 30_000;
const LAST = 32_767;

/** So many ports at the beginning are for those who ask by number. */
const RESERVED = 86;

/** So often chance may find a port that somebody has, before they are tried in their order. */
const CHANCES = 32;

/** Not an object: nobody lists these keys. */
const PREFIX = `${ROOT}ranges/nodeports/`;

/** All ports on nodes that a service has. */
export function portsOf(service: JsonObject): readonly number[] {
  const spec = readObject(service, "spec");
  const ports = readList(spec, "ports").map((port) => readNumber(port, "nodePort") ?? 0);
  const all = [...ports, readNumber(spec, "healthCheckNodePort") ?? 0];
  return [...new Set(all.filter((port) => port > 0))];
}

export class NodePorts {
  readonly #registry: Registry;
  readonly #holder: Uint8Array;
  readonly #before: readonly number[];
  readonly #taken = new Set<number>();

  constructor(registry: Registry, owner: Owner, before: readonly number[]) {
    this.#registry = registry;
    this.#holder = Buffer.from(JSON.stringify(owner));
    this.#before = before;
  }

  /** Why the service cannot have this port; undefined when it now has it. */
  async problemOf(port: number): Promise<string | undefined> {
    if (port < FIRST || port > LAST) {
      const range = `The range of valid ports is ${FIRST}-${LAST}`;
      return `provided port is not in the valid range. ${range}`;
    }
    if (!(await this.#isFree(port))) return "provided port is already allocated";
    this.#taken.add(port);
    return undefined;
  }

  /** A port that no service has. @throws {StatusFault} 500 when all are taken */
  async choose(): Promise<number> {
    const count = LAST - FIRST + 1;
    for (let chance = 0; chance < CHANCES; chance++) {
      const above = Math.floor(this.#registry.host.random() * (count - RESERVED));
      const port = FIRST + RESERVED + above;
      if ((await this.problemOf(port)) === undefined) return port;
    }
    for (let step = 0; step < count; step++) {
      const port = FIRST + ((RESERVED + step) % count);
      if ((await this.problemOf(port)) === undefined) return port;
    }
    throw plainFault(500, "failed to allocate a nodePort: range is full");
  }

  async writes(after: readonly number[]): Promise<readonly Write[]> {
    const writes: Write[] = [];
    for (const port of after) {
      if (this.#before.includes(port)) continue;
      const change = { type: "put", key: keyOf(port), value: this.#holder } as const;
      writes.push({ change, expected: 0 });
    }
    for (const port of this.#before) {
      if (after.includes(port)) continue;
      const entry = await this.#registry.hub.store.get(keyOf(port));
      if (entry === undefined) continue;
      writes.push({ change: { type: "delete", key: keyOf(port) }, expected: entry.revision });
    }
    return writes;
  }

  async #isFree(port: number): Promise<boolean> {
    if (this.#taken.has(port)) return false;
    if (this.#before.includes(port)) return true;
    return (await this.#registry.hub.store.get(keyOf(port))) === undefined;
  }
}

function keyOf(port: number): string {
  return `${PREFIX}${port}`;
}

/** Checks the ports that are asked for, and finds those that are needed beyond them. */
export async function settleNodePorts(
  ports: NodePorts,
  spec: JsonObject,
): Promise<readonly FieldError[]> {
  const asked = new Map<number, Set<unknown>>();
  for (const [at, port] of readList(spec, "ports").entries()) {
    const number = readNumber(port, "nodePort") ?? 0;
    if (number === 0) continue;
    const protocols = asked.get(number) ?? new Set();
    const isShared = protocols.size > 0 && !protocols.has(port["protocol"]);
    const why = isShared ? undefined : await ports.problemOf(number);
    if (why !== undefined) return [invalid(`spec.ports[${at}].nodePort`, number, why)];
    asked.set(number, protocols.add(port["protocol"]));
  }
  const health = readNumber(spec, "healthCheckNodePort") ?? 0;
  const why = health === 0 ? undefined : await ports.problemOf(health);
  if (why !== undefined) return [invalid("spec.healthCheckNodePort", health, why)];
  if (!needsNodePorts(spec)) return [];
  for (const port of readList(spec, "ports")) {
    if ((readNumber(port, "nodePort") ?? 0) === 0) port["nodePort"] = await ports.choose();
  }
  return [];
}
