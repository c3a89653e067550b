/**
 * The controllers that an API server is broken without, side by side. In: a choice of names, as the
 * flag `--controllers` has it. Out: nothing; they run until the signal aborts. Each talks to the
 * API server through its client only.
 */
import { Fault, quote } from "@shared/base";
import type { Controller, ControllerHost } from "./controller.ts";

export type { ControllerHost, RequestSigner } from "./controller.ts";

const LOADERS: Readonly<Record<string, () => Promise<Controller>>> = {
  "namespace-controller": async () => (await import("./namespace/controller.ts")).NAMESPACE,
  "serviceaccount-controller": async () =>
    (await import("./service-account/controller.ts")).SERVICE_ACCOUNT,
  "validatingadmissionpolicy-status-controller": async () =>
    (await import("./admission-policy/controller.ts")).ADMISSION_POLICY,
  "resourcequota-controller": async () =>
    (await import("./resource-quota/controller.ts")).RESOURCE_QUOTA,
  "persistentvolumeclaim-protection-controller": async () =>
    (await import("./protection/controller.ts")).CLAIM_PROTECTION,
  "persistentvolume-protection-controller": async () =>
    (await import("./protection/controller.ts")).VOLUME_PROTECTION,
  "volumeattributesclass-protection-controller": async () =>
    (await import("./protection/controller.ts")).CLASS_PROTECTION,
  "certificatesigningrequest-approving-controller": async () =>
    (await import("./certificates/approve.ts")).APPROVING,
  "certificatesigningrequest-signing-controller": async () =>
    (await import("./certificates/sign.ts")).SIGNING,
  "certificatesigningrequest-cleaner-controller": async () =>
    (await import("./certificates/clean.ts")).CLEANING,
  "serviceaccount-token-controller": async () =>
    (await import("./token-secrets/controller.ts")).TOKEN_SECRETS,
  "token-cleaner-controller": async () =>
    (await import("./bootstrap-tokens/controller.ts")).TOKEN_CLEANER,
  "garbage-collector-controller": async () => (await import("./garbage/controller.ts")).GARBAGE,
};

/**
 * Names of `*`, `name` and `-name`, the last word on a name counts.
 *
 * @throws {Fault} `invalid` for a name that there is not
 */
export function chooseControllers(words: string): readonly string[] {
  const chosen = new Set<string>();
  for (const word of words.split(",").filter((each) => each !== "")) {
    const isOff = word.startsWith("-");
    const name = isOff ? word.slice(1) : word;
    const names = name === "*" ? Object.keys(LOADERS) : [name];
    for (const each of names) {
      if (LOADERS[each] === undefined) {
        const hint = `there are ${Object.keys(LOADERS).join(", ")}`;
        throw new Fault("invalid", `choose controllers: there is no ${quote(each)}`, { hint });
      }
      if (isOff) chosen.delete(each);
      else chosen.add(each);
    }
  }
  return [...chosen];
}

/** Resolves when all have ended; each ends with the signal. */
export async function runControllers(
  host: ControllerHost,
  names: readonly string[],
): Promise<void> {
  await Promise.all(
    names.map(async (name) => {
      const controller = await LOADERS[name]?.();
      await controller?.run(host);
    }),
  );
}
