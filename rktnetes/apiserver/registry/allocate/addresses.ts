/**
 * The addresses of services. In: the ranges of ServiceCIDR objects. Out: addresses that nobody has,
 * and the IPAddress objects that hold them. Chooses from the upper part of a range first: the lower
 * one is for those who ask for an address by name.
 */
import { trackUpdate } from "@rktnetes/api/apply/track-fields";
import { findKind } from "@rktnetes/api/kinds";
import type { JsonObject } from "@rktnetes/api/schema";
import { plainFault } from "@rktnetes/api/status-fault";
import { readObject, readText, readTexts } from "@rktnetes/api/strategy/object-at";
import {
  type Cidr,
  firstOf,
  formatIp,
  type Ip,
  parseCidr,
  parseIp,
  sizeOf,
} from "@rktnetes/api/values/ip";
import { assert } from "@shared/base";
import { timestamp } from "../../host.ts";
import type { Write } from "../../storage/store.ts";
import { CachedObject } from "../cache/cached-object.ts";
import { objectKey } from "../keys.ts";
import { metaText } from "../metadata.ts";
import { encodeStored } from "../object-codec.ts";
import type { Registry } from "../registry.ts";
import type { Resource } from "../resource.ts";
import { fieldWriter } from "../track.ts";

const GROUP = "networking.k8s.io";

/** Where there are no ServiceCIDR objects yet. */
const DEFAULT_RANGE = "10.96.0.0/16";

/** So often chance may find an address that somebody has, before they are tried in their order. */
const CHANCES = 64;

/** Who made an object that holds an address, as managed fields say it. */
const OWNED_BY_SERVER = {
  manager: "kube-apiserver",
  operation: "Update",
  apiVersion: `${GROUP}/v1`,
  fieldsType: "FieldsV1",
  fieldsV1: {
    "f:metadata": {
      "f:labels": {
        ".": {},
        "f:ipaddress.kubernetes.io/ip-family": {},
        "f:ipaddress.kubernetes.io/managed-by": {},
      },
    },
    "f:spec": {
      "f:parentRef": { ".": {}, "f:name": {}, "f:namespace": {}, "f:resource": {} },
    },
  },
};

/** Whose addresses they are. */
export interface Owner {
  readonly namespace: string;
  readonly name: string;
}

export class AddressPool {
  readonly #registry: Registry;
  readonly #owner: Owner;
  readonly #addresses: Resource;
  readonly #ranges: readonly Cidr[];

  private constructor(registry: Registry, owner: Owner, parts: PoolParts) {
    this.#registry = registry;
    this.#owner = owner;
    this.#addresses = parts.addresses;
    this.#ranges = parts.ranges;
  }

  static async open(registry: Registry, owner: Owner): Promise<AddressPool> {
    const addresses = await resourceOf(registry, "ipaddresses");
    const ranges = await rangesOf(registry);
    return new AddressPool(registry, owner, { addresses, ranges });
  }

  /** Of the cluster, the one that services have by default first. */
  get families(): readonly string[] {
    return [...new Set(this.#ranges.map(({ family }) => `IPv${family}`))];
  }

  /** Why a service cannot have this address; undefined when it can. */
  async problemOf(address: string): Promise<string | undefined> {
    const ip = parseIp(address);
    if (ip === undefined || !this.#ranges.some((range) => isUsable(range, ip)))
      return "the provided network does not match the current range";
    return (await this.#isFree(ip)) ? undefined : "provided IP is already allocated";
  }

  /** An address that nobody has. @throws {StatusFault} 500 when all are taken */
  async choose(family: string): Promise<string> {
    for (const range of this.#ranges) {
      if (`IPv${range.family}` !== family) continue;
      const found = await this.#chooseFrom(range);
      if (found !== undefined) return found;
    }
    throw plainFault(500, "failed to allocate a serviceIP: range is full");
  }

  /** Takes what is in `after` only, gives back what is in `before` only. */
  async writes(before: readonly string[], after: readonly string[]): Promise<readonly Write[]> {
    const writes: Write[] = [];
    for (const address of after) {
      if (before.includes(address)) continue;
      const [key, value] = [this.#keyOf(address), this.#holderOf(address)];
      writes.push({ change: { type: "put", key, value }, expected: 0 });
    }
    for (const address of before) {
      if (after.includes(address)) continue;
      const write = await this.#giveBack(this.#keyOf(address));
      if (write !== undefined) writes.push(write);
    }
    return writes;
  }

  async #giveBack(key: string): Promise<Write | undefined> {
    const entry = await this.#registry.hub.store.get(key);
    if (entry === undefined) return undefined;
    const holder = CachedObject.of(entry).object;
    const parent = readObject(readObject(holder, "spec"), "parentRef");
    const isOwn =
      readText(parent, "resource") === "services" &&
      readText(parent, "namespace") === this.#owner.namespace &&
      readText(parent, "name") === this.#owner.name;
    return isOwn ? { change: { type: "delete", key }, expected: entry.revision } : undefined;
  }

  async #chooseFrom(range: Cidr): Promise<string | undefined> {
    const first = firstOf(range) + 1n;
    const count = countOf(range);
    const reserved = reservedOf(count);
    const at = (offset: bigint): Ip => ({ family: range.family, value: first + offset });
    const upper = count - reserved;
    for (let chance = 0; chance < CHANCES; chance++) {
      const offset = reserved + randomBelow(this.#registry.host.random(), upper);
      if (await this.#isFree(at(offset))) return formatIp(at(offset));
    }
    for (let step = 0n; step < count; step++) {
      const offset = (reserved + step) % count;
      if (await this.#isFree(at(offset))) return formatIp(at(offset));
    }
    return undefined;
  }

  async #isFree(ip: Ip): Promise<boolean> {
    if (this.#isOfServer(ip)) return false;
    return (await this.#registry.hub.store.get(this.#keyOf(formatIp(ip)))) === undefined;
  }

  /** The first address of all is that of the API server, under which pods find it. */
  #isOfServer(ip: Ip): boolean {
    const { namespace, name } = this.#owner;
    if (namespace === "default" && name === "kubernetes") return false;
    const [range] = this.#ranges;
    if (range?.family !== ip.family) return false;
    return ip.value === firstOf(range) + 1n;
  }

  #keyOf(address: string): string {
    const ip = parseIp(address);
    return objectKey(this.#addresses.prefix, "", ip === undefined ? address : formatIp(ip));
  }

  #holderOf(address: string): Uint8Array {
    const ip = parseIp(address);
    assert(ip !== undefined, "only addresses are held");
    const { host } = this.#registry;
    const labels = {
      "ipaddress.kubernetes.io/ip-family": `IPv${ip.family}`,
      "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
    };
    const now = timestamp(host.clock.now());
    const metadata = {
      name: formatIp(ip),
      uid: host.uuid(),
      creationTimestamp: now,
      labels,
      managedFields: [{ ...OWNED_BY_SERVER, time: now }],
    };
    const parentRef = { resource: "services", ...this.#owner };
    const object: JsonObject = { metadata, spec: { parentRef } };
    const request = { fieldManager: "kube-apiserver", subresource: "" };
    const writer = fieldWriter(this.#addresses, request, metadata.creationTimestamp);
    trackUpdate(writer, undefined, object);
    return encodeStored(this.#addresses, object);
  }
}

interface PoolParts {
  readonly addresses: Resource;
  readonly ranges: readonly Cidr[];
}

async function resourceOf(registry: Registry, plural: string): Promise<Resource> {
  const kind = findKind(GROUP, "v1", plural);
  assert(kind !== undefined, "addresses and their ranges are kinds");
  return await registry.resource(kind);
}

/** In the order in which they were made; not those that are going away. */
async function rangesOf(registry: Registry): Promise<readonly Cidr[]> {
  const resource = await resourceOf(registry, "servicecidrs");
  const cache = await registry.fresh(resource);
  const objects = cache.range(resource.prefix).map(({ object }) => object);
  const standing = objects.filter((object) => metaText(object, "deletionTimestamp") === "");
  const made = (object: JsonObject): string => metaText(object, "creationTimestamp");
  const rank = (object: JsonObject): string =>
    metaText(object, "name") === "kubernetes" ? "" : made(object);
  standing.sort((left, right) => (rank(left) < rank(right) ? -1 : 1));
  const texts = standing.flatMap((object) => readTexts(readObject(object, "spec"), "cidrs"));
  const ranges = (texts.length === 0 ? [DEFAULT_RANGE] : texts).map(parseCidr);
  return ranges.filter((range): range is Cidr => range !== undefined);
}

/** Without the network's own address, and in IPv4 the one that reaches everybody. */
function countOf(range: Cidr): bigint {
  return sizeOf(range) - (range.family === 4 ? 2n : 1n);
}

function isUsable(range: Cidr, ip: Ip): boolean {
  if (range.family !== ip.family) return false;
  const offset = ip.value - firstOf(range) - 1n;
  return offset >= 0n && offset < countOf(range);
}

/** How many addresses at the beginning are for those who ask by name. */
function reservedOf(count: bigint): bigint {
  if (count < 16n) return 0n;
  const share = count / 16n;
  return share < 16n ? 16n : share > 256n ? 256n : share;
}

function randomBelow(random: number, count: bigint): bigint {
  const most = count > 1_000_000_000n ? 1_000_000_000 : Number(count);
  return BigInt(Math.floor(random * most));
}
