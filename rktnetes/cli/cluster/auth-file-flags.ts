/**
 * The flags that name files of who may enter and who may do what. In: flags. Out: paths and modes,
 * of which none contradicts another. Reads no file.
 */
import { Fault, parseDuration, quote } from "@shared/base";
import type { FlagValues } from "../flags/flags.ts";

/** Files and modes of the flags that stand for a configuration file. */
export interface AuthFiles {
  readonly authentication: string | undefined;
  readonly authorization: string | undefined;
  readonly modes: readonly string[];
  readonly tokenWebhook: WebhookSettings | undefined;
  readonly accessWebhook: (WebhookSettings & { readonly keepDeniedMs: number }) | undefined;
}

interface WebhookSettings {
  readonly file: string;
  readonly version: string;
  readonly keepMs: number;
}

/** @throws {Fault} "invalid" */
export function readAuthFileFlags(flags: FlagValues): AuthFiles {
  const authentication = flags.get("authentication-config");
  const authorization = flags.get("authorization-config");
  if (authentication !== undefined && flags.get("oidc-issuer-url") !== undefined) {
    const what = "authentication-config file and oidc-* flags are mutually exclusive";
    throw new Fault("invalid", what);
  }
  const modes = (flags.get("authorization-mode") ?? "").split(",").filter((mode) => mode !== "");
  const accessFile = flags.get("authorization-webhook-config-file");
  if (
    authorization !== undefined &&
    (flags.has("authorization-mode") || accessFile !== undefined)
  ) {
    const others = "--authorization-mode or --authorization-webhook-* flags are defined";
    throw new Fault("invalid", `--authorization-config can not be specified when ${others}`);
  }
  if (modes.includes("Webhook") !== (accessFile !== undefined)) {
    const why = "the mode Webhook needs --authorization-webhook-config-file, and that the mode";
    throw new Fault("invalid", `read --authorization-mode: ${why}`);
  }
  const access = webhookSettings(flags, "authorization-webhook", "cache-authorized-ttl");
  const keepDeniedMs = parseDuration(
    flags.get("authorization-webhook-cache-unauthorized-ttl") ?? "0",
  );
  return {
    authentication,
    authorization,
    modes,
    tokenWebhook: webhookSettings(flags, "authentication-token-webhook", "cache-ttl"),
    accessWebhook: access === undefined ? undefined : { ...access, keepDeniedMs },
  };
}

function webhookSettings(
  flags: FlagValues,
  prefix: string,
  keep: string,
): WebhookSettings | undefined {
  const file = flags.get(`${prefix}-config-file`);
  if (file === undefined) return undefined;
  const version = flags.get(`${prefix}-version`) ?? "";
  if (version !== "v1" && version !== "v1beta1") {
    const what = `invalid argument ${quote(version)} for --${prefix}-version`;
    throw new Fault("invalid", `${what}: neither v1 nor v1beta1`);
  }
  return { file, version, keepMs: parseDuration(flags.get(`${prefix}-${keep}`) ?? "0") };
}
