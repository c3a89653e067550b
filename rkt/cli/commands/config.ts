/** `rkt config`: what the configuration directories say, all together, as JSON. */
import { loadSite } from "@rkt/image";
import { prettyPrint } from "../flags/pretty-print.ts";
import { configRootsOf, siteDirectories, siteStage1 } from "../flags/site-directories.ts";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";

export const config: Command = {
  usage: "config",
  description: [
    "Prints the configuration in use as JSON: an entry for each domain, registry and place, in the",
    "form of the files that say it. Credentials are among them.",
  ],
  flags: [prettyPrint],
  grammar: "anywhere",
  run: printConfig,
};

type Site = ReturnType<typeof loadSite>;
const V1 = { rktVersion: "v1" };

function printConfig(host: Host, call: Call): number {
  const { flags } = call;
  const site = loadSite({ roots: configRootsOf(flags), environment: host.environment });
  const { data, stage1Images } = siteDirectories(flags);
  const stage0 = [
    ...authEntries(site),
    ...registryEntries(site),
    { ...V1, rktKind: "paths", data, "stage1-images": stage1Images },
    { ...V1, rktKind: "stage1", ...siteStage1(flags) },
  ];
  const indent = flags.get(prettyPrint) ? "\t" : undefined;
  host.print(`${JSON.stringify({ stage0 }, undefined, indent)}\n`);
  return 0;
}

function authEntries({ auth }: Site): object[] {
  return [...auth.domains].map(([domain, { type, ...found }]) => {
    const named = Object.entries(found).map(([name, value]) => [FIELDS[name] ?? name, value]);
    const credentials = Object.fromEntries(named) as object;
    return { ...V1, rktKind: "auth", domains: [domain], type, credentials };
  });
}

/** Where a file says it in other words than we do. */
const FIELDS: Readonly<Record<string, string>> = {
  accessKeyId: "accessKeyID",
  secretAccessKey: "secretAccessKey",
  region: "awsRegion",
};

function registryEntries({ auth }: Site): object[] {
  return [...auth.registries].map(([registry, { user, password }]) => {
    return {
      ...V1,
      rktKind: "dockerAuth",
      registries: [registry],
      credentials: { user, password },
    };
  });
}
