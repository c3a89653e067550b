/**
 * The arguments of stage1's run entrypoint, cut to what its interface version understands.
 *
 * @see rkt Documentation/devel/stage1-implementors-guide.md, "Versioning"
 */
import type { ImageManifest } from "@rkt/spec";
import { type RunArguments, runArgv } from "@rkt/stage1/contract";
import type { Stage0Host } from "./host.ts";
import { interfaceVersion } from "./stage1-image.ts";

/** The interface version that brought a flag; the others were there from the first. */
const SINCE: Readonly<Record<string, number>> = {
  "--hostname": 2,
  "--disable-capabilities-restriction": 3,
  "--disable-paths": 3,
  "--disable-seccomp": 3,
  "--dns-conf-mode": 4,
  "--mutable": 5,
  "--ipc": 6,
};

/** Flags that are always given: an old stage1 misses nothing that the person asked for. */
const QUIET = new Set(["--dns-conf-mode", "--ipc"]);

/** The argument vector after the program's name. A flag that is asked for in vain is told. */
export function supportedRunArgv(
  host: Pick<Stage0Host, "warn">,
  stage1: ImageManifest,
  run: RunArguments,
): string[] {
  const version = interfaceVersion(stage1);
  return runArgv(run).filter((argument) => {
    const [flag = ""] = argument.split("=", 1);
    if ((SINCE[flag] ?? 1) <= version) return true;
    if (!QUIET.has(flag)) host.warn(`warning: ${flag} option is not supported by stage1`);
    return false;
  });
}
