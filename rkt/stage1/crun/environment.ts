/**
 * The environment of an app: what the executor says, then what the manifest says, which wins. Pure.
 */
import type { App } from "@rkt/spec";
import type { Account } from "./users.ts";

/** @see appc 0.8.11 ace.md, Execution Environment */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Tells a program that it runs in a container, and in whose. */
const EXECUTOR = "rkt";

export function appEnvironment(
  name: string,
  app: App,
  account: Account,
  metadataUrl?: string,
): ReadonlyMap<string, string> {
  return new Map([
    ["PATH", DEFAULT_PATH],
    ["container", EXECUTOR],
    ["TERM", "xterm"],
    ["HOME", account.home ?? "/"],
    ...(account.name === undefined
      ? []
      : ([
          ["USER", account.name],
          ["LOGNAME", account.name],
        ] as const)),
    ...(account.shell ? ([["SHELL", account.shell]] as const) : []),
    ...(app.environment ?? []).map((each) => [each.name, each.value] as const),
    ["AC_APP_NAME", name],
    ...(metadataUrl === undefined ? [] : ([["AC_METADATA_URL", metadataUrl]] as const)),
  ]);
}
