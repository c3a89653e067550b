/** What `/version` says. Clients decide by major and minor; Helm reads gitVersion as a version. */
import type { JsonObject } from "@rktnetes/api/schema";

/** What stands before the plus is the version that clients compare. */
export function gitVersion(): string {
  return "v1.36.2+rktnetes1";
}

export function versionDocument(): JsonObject {
  return {
    major: "1",
    minor: "36",
    emulationMajor: "1",
    emulationMinor: "36",
    minCompatibilityMajor: "1",
    minCompatibilityMinor: "35",
    gitVersion: gitVersion(),
    gitCommit: "0000000000000000000000000000000000000000",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: `bun${Bun.version}`,
    compiler: "bun",
    platform: `linux/${process.arch === "x64" ? "amd64" : process.arch}`,
  };
}
