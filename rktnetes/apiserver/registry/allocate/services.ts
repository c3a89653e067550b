/**
 * Addresses and ports of services: which ones a service needs, which it has already, which are to
 * be found. Every address is held by an IPAddress object, every port by a key of its own.
 */
import { type FieldError, invalid } from "@rktnetes/api/field-error";
import type { JsonObject } from "@rktnetes/api/schema";
import { invalidFault } from "@rktnetes/api/status-fault";
import { objectAt, readNumber, readText, readTexts } from "@rktnetes/api/strategy/object-at";
import { needsAddress, needsHealthPort } from "@rktnetes/api/strategy/core/service";
import type { Write } from "../../storage/store.ts";
import { metaText } from "../metadata.ts";
import type { Registry } from "../registry.ts";
import { AddressPool } from "./addresses.ts";
import { settleFamilies } from "./families.ts";
import { NodePorts, portsOf, settleNodePorts } from "./node-ports.ts";

export async function claimForService(
  registry: Registry,
  service: JsonObject,
  old: JsonObject | undefined,
): Promise<readonly Write[]> {
  const pool = await AddressPool.open(registry, ownerOf(service));
  const spec = objectAt(service, "spec");
  refuse(service, settleFamilies(spec, pool.families));
  const before = old === undefined ? [] : addressesOf(old);
  const errors = needsAddress(spec) ? await settleAddresses(pool, spec, before) : [];
  refuse(service, errors);
  const ports = new NodePorts(registry, ownerOf(service), old === undefined ? [] : portsOf(old));
  refuse(service, await settleNodePorts(ports, spec));
  if (needsHealthPort(spec) && readNumber(spec, "healthCheckNodePort") === undefined)
    spec["healthCheckNodePort"] = await ports.choose();
  return [
    ...(await pool.writes(before, addressesOf(service))),
    ...(await ports.writes(portsOf(service))),
  ];
}

export async function releaseOfService(
  registry: Registry,
  service: JsonObject,
): Promise<readonly Write[]> {
  const pool = await AddressPool.open(registry, ownerOf(service));
  const ports = new NodePorts(registry, ownerOf(service), portsOf(service));
  return [...(await pool.writes(addressesOf(service), [])), ...(await ports.writes([]))];
}

function ownerOf(service: JsonObject): { readonly namespace: string; readonly name: string } {
  return { namespace: metaText(service, "namespace"), name: metaText(service, "name") };
}

function addressesOf(service: JsonObject): readonly string[] {
  const spec = objectAt(service, "spec");
  if (!needsAddress(spec)) return [];
  return readTexts(spec, "clusterIPs").filter((address) => address !== "None");
}

/** One address for each family that the service has. */
async function settleAddresses(
  pool: AddressPool,
  spec: JsonObject,
  before: readonly string[],
): Promise<readonly FieldError[]> {
  if (readText(spec, "clusterIP") === "None") {
    spec["clusterIPs"] = ["None"];
    return [];
  }
  const wanted = readTexts(spec, "clusterIPs");
  const addresses: string[] = [];
  for (const [at, family] of readTexts(spec, "ipFamilies").entries()) {
    const address = wanted[at];
    if (address === undefined || address === "") {
      addresses.push(await pool.choose(family));
      continue;
    }
    const why = before.includes(address) ? undefined : await pool.problemOf(address);
    if (why !== undefined) {
      const detail = `failed to allocate IP ${address}: ${why}`;
      return [invalid("spec.clusterIPs", [...wanted], detail)];
    }
    addresses.push(address);
  }
  spec["clusterIPs"] = addresses;
  spec["clusterIP"] = addresses[0] ?? "";
  return [];
}

function refuse(service: JsonObject, errors: readonly FieldError[]): void {
  if (errors.length === 0) return;
  throw invalidFault({ group: "", name: "Service" }, metaText(service, "name"), errors);
}
