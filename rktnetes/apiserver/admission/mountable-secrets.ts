/** A service account may be bound to the secrets that it lists: its pods read no others. */
import type { Container, PodSpec, ServiceAccount } from "@rktnetes/api/types/core-v1";
import type { AdmissionRequest } from "./admission.ts";
import { refused } from "./subject.ts";

const ENFORCE = "kubernetes.io/enforce-mountable-secrets";

export function onlyMountableSecrets({ metadata }: ServiceAccount): boolean {
  return metadata?.annotations?.[ENFORCE] === "true";
}

/** @throws {StatusFault} 403 */
export function checkMountableSecrets(
  request: AdmissionRequest,
  spec: PodSpec,
  account: ServiceAccount,
): void {
  const allowed = new Set((account.secrets ?? []).map(({ name }) => name));
  const owner = account.metadata?.name ?? "";
  for (const { what, name } of [...volumeSecrets(spec), ...containerSecrets(spec)]) {
    if (allowed.has(name)) continue;
    const why = `because service account ${owner} does not reference that secret`;
    throw refused(request, `${what} is not allowed ${why}`);
  }
  const pullable = new Set((account.imagePullSecrets ?? []).map(({ name }) => name));
  (spec.imagePullSecrets ?? []).forEach(({ name = "" }, at) => {
    if (pullable.has(name)) return;
    const why = `because service account ${owner} does not reference that imagePullSecret`;
    throw refused(request, `imagePullSecrets[${at}].name="${name}" is not allowed ${why}`);
  });
}

interface Use {
  readonly what: string;
  readonly name: string;
}

function volumeSecrets({ volumes }: PodSpec): Use[] {
  return (volumes ?? []).flatMap(({ secret }) => {
    if (secret === undefined) return [];
    const name = secret.secretName ?? "";
    return [{ what: `volume with secret.secretName="${name}"`, name }];
  });
}

function containerSecrets(spec: PodSpec): Use[] {
  const init = (spec.initContainers ?? []).flatMap((each) => usesOf(each, "init container"));
  return [...init, ...(spec.containers ?? []).flatMap((each) => usesOf(each, "container"))];
}

function usesOf(container: Container, noun: string): Use[] {
  const where = `${noun} ${container.name} with`;
  const inEnv = (container.env ?? []).flatMap((variable) => {
    const name = variable.valueFrom?.secretKeyRef?.name;
    if (name === undefined) return [];
    const what = `${where} envVar ${variable.name} referencing secret.secretName="${name}"`;
    return [{ what, name }];
  });
  const inEnvFrom = (container.envFrom ?? []).flatMap(({ secretRef }) => {
    const name = secretRef?.name;
    if (name === undefined) return [];
    return [{ what: `${where} envFrom referencing secret.secretName="${name}"`, name }];
  });
  return [...inEnv, ...inEnvFrom];
}
