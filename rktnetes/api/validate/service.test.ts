/** Services as clients get them wrong: one row, one mistake, and what is said of it. */
import { describe, expect, test } from "bun:test";
import { serviceDefaults } from "../defaults/services.ts";
import type { JsonObject } from "../schema/schema.ts";
import { SERVICE } from "../strategy/core/service.ts";
import { describeFieldError } from "./field-error.ts";
import { serviceErrors, serviceUpdateErrors } from "./service.ts";

const CONTEXT = {
  now: "2026-01-01T00:00:00Z",
  user: { name: "u", groups: [], uid: "", extra: {} },
  dryRun: false,
};

function service(spec: JsonObject): JsonObject {
  const made: JsonObject = { metadata: { name: "s" }, spec: { ports: [{ port: 80 }], ...spec } };
  serviceDefaults(made);
  SERVICE.prepareForCreate?.(made, CONTEXT);
  return made;
}

const wrong: readonly (readonly [why: string, spec: JsonObject, said: readonly string[]])[] = [
  ["nothing", {}, []],
  ["no port", { ports: [] }, ["spec.ports: Required value"]],
  ["no port, and none is needed", { ports: [], clusterIP: "None" }, []],
  [
    "two ports without names",
    { ports: [{ port: 80 }, { port: 81 }] },
    ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"],
  ],
  [
    "a node port where there are none",
    { ports: [{ port: 80, nodePort: 30_000 }] },
    ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
  ],
  [
    "no address, and a port on nodes",
    { type: "NodePort", clusterIP: "None" },
    [`spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for NodePort services`],
  ],
  [
    "addresses that disagree",
    { clusterIP: "10.96.1.1", clusterIPs: ["10.96.1.2"] },
    ['spec.clusterIPs: Invalid value: ["10.96.1.2"]: first value must match `clusterIP`'],
  ],
  [
    "a name elsewhere that is missing",
    { type: "ExternalName" },
    ["spec.externalName: Required value"],
  ],
];

describe("a new service", () => {
  for (const [why, spec, said] of wrong) {
    test(why, () => {
      expect(serviceErrors(service(spec)).map(describeFieldError)).toEqual([...said]);
    });
  }
});

function changed(from: JsonObject, to: JsonObject): readonly string[] {
  const old = service({ clusterIP: "10.96.1.1", ...from });
  const wanted = structuredClone(old);
  Object.assign(wanted["spec"] as JsonObject, to);
  serviceDefaults(wanted);
  SERVICE.prepareForUpdate?.(wanted, old, CONTEXT);
  return serviceUpdateErrors(wanted, old).map(describeFieldError);
}

describe("a changed service", () => {
  test("keeps its address when the client leaves it out", () => {
    expect(changed({}, { clusterIP: "" })).toEqual([]);
  });

  test("cannot have another address", () => {
    expect(changed({}, { clusterIP: "10.96.9.9" })).toEqual([
      'spec.clusterIPs[0]: Invalid value: ["10.96.9.9"]: may not change once set',
    ]);
  });

  test("drops what only its former type has", () => {
    const ports = [{ port: 80, nodePort: 30_080 }];
    expect(changed({ type: "NodePort", ports }, { type: "ClusterIP" })).toEqual([]);
  });

  test("cannot take a port on nodes along", () => {
    const ports = [{ port: 80, nodePort: 30_080 }];
    const others = [{ port: 80, nodePort: 30_081 }];
    expect(changed({ type: "NodePort", ports }, { type: "ClusterIP", ports: others })).toEqual([
      "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ]);
  });
});
