/**
 * Tells the authors of admission policies whether their expressions fit the kinds that the policies
 * are about. In: ValidatingAdmissionPolicies, and the kinds that they name. Out: their status: the
 * generation that was looked at, and warnings. What a policy decides does not depend on it.
 */
import type { JsonObject } from "@rktnetes/api/schema";
import { isObject, own } from "@rktnetes/api/patch/values";
import type { Place } from "@rktnetes/client/client";
import { Informer, metadataOf, textOf } from "@rktnetes/client/informer";
import { WorkQueue } from "@rktnetes/client/work-queue";
import type { Controller, ControllerHost } from "../controller.ts";

const GROUP = "admissionregistration.k8s.io";
const POLICIES: Place = { group: GROUP, version: "v1", resource: "validatingadmissionpolicies" };
const MANAGER = "validatingadmissionpolicy-status";

export const ADMISSION_POLICY: Controller = {
  name: "validatingadmissionpolicy-status-controller",
  run,
};

async function run(host: ControllerHost): Promise<void> {
  const { client, clock, signal, note } = host;
  const queue = new WorkQueue((key) => judge(host, policies.objects.get(key)), {
    clock,
    signal,
    workers: 2,
    failed: (key, error) => note(`controller: check admission policy ${key}: ${String(error)}`),
  });
  const policies = new Informer(
    client,
    POLICIES,
    { changed: (policy) => queue.add(textOf(metadataOf(policy), "name")), deleted: () => {} },
    { clock, signal },
  );
  await policies.run();
}

async function judge(
  { client }: ControllerHost,
  policy: JsonObject | undefined,
): Promise<undefined> {
  if (policy === undefined) return undefined;
  const generation = Number(own(metadataOf(policy), "generation") ?? 0);
  const status = own(policy, "status");
  const seen = isObject(status) ? Number(own(status, "observedGeneration") ?? 0) : 0;
  if (seen >= generation) return undefined;
  const { typeChecking } = await import("./type-checking.ts");
  const warnings = await typeChecking(client, policy);
  const name = textOf(metadataOf(policy), "name");
  const found = warnings.length === 0 ? {} : { expressionWarnings: warnings as JsonObject[] };
  await client.apply(
    { ...POLICIES, name, subresource: "status" },
    {
      apiVersion: `${GROUP}/v1`,
      kind: "ValidatingAdmissionPolicy",
      metadata: { name },
      status: { observedGeneration: generation, typeChecking: found },
    },
    MANAGER,
  );
  return undefined;
}
