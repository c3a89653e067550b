/**
 * The app of an image with what the command line says about it: data in, data out. Touches nothing.
 *
 * @see appc 0.8.11, aci.md "app"; rkt Documentation/subcommands/run.md
 */
import type { StoredImage } from "@rkt/image";
import type { App, Isolator, NameValue } from "@rkt/spec";
import { Fault, quote } from "@shared/base";

export interface SeccompOverride {
  /** As typed; only `retain` and `remove` are accepted. */
  readonly mode: string;
  readonly errno?: string;
  readonly set: readonly string[];
}

/** What the command line may say about one app. An absent field leaves the image's own. */
export interface AppOverrides {
  /** Replaces the whole command by this one word; empty means absent. */
  readonly exec?: string;
  /** Appended to the command. */
  readonly args?: readonly string[];
  /** From lowest to highest: names that nothing else sets, then `--set-env*`, then `--environment`. */
  readonly inheritedEnvironment?: readonly NameValue[];
  readonly podEnvironment?: readonly NameValue[];
  readonly environment?: readonly NameValue[];
  readonly user?: string;
  readonly group?: string;
  readonly supplementaryGIDs?: readonly number[];
  readonly workingDirectory?: string;
  /** Quantities as typed, such as `128M` and `500m`. */
  readonly memory?: string;
  readonly cpu?: string;
  readonly cpuShares?: number;
  readonly oomScoreAdj?: number;
  readonly capsRetain?: readonly string[];
  readonly capsRemove?: readonly string[];
  readonly seccomp?: SeccompOverride;
  readonly userAnnotations?: Readonly<Record<string, string>>;
  readonly userLabels?: Readonly<Record<string, string>>;
}

/** Who runs the command: the user of an image that has no app section. */
export interface Caller {
  readonly uid: number;
  readonly gid: number;
}

/** The app to run. @throws {Fault} "invalid" in rkt's words */
export function overrideApp(image: StoredImage, overrides: AppOverrides, caller: Caller): App {
  const own = image.manifest.app ?? appOfCaller(image, overrides, caller);
  const environment = mergeEnvironment(own, overrides);
  const isolators = mergeIsolators(own.isolators ?? [], overrides);
  const workingDirectory = overrides.workingDirectory ?? own.workingDirectory;
  checkWorkingDirectory(workingDirectory);
  return {
    exec: commandOf(own, overrides),
    user: overrides.user || own.user,
    group: overrides.group || own.group,
    ...given("supplementaryGIDs", overrides.supplementaryGIDs ?? own.supplementaryGIDs),
    ...given("eventHandlers", own.eventHandlers),
    ...given("workingDirectory", workingDirectory),
    ...given("environment", environment.length > 0 ? environment : undefined),
    ...given("mountPoints", own.mountPoints),
    ...given("ports", own.ports),
    ...given("isolators", isolators.length > 0 ? isolators : undefined),
    ...given("userAnnotations", mergeRecord(own.userAnnotations, overrides.userAnnotations)),
    ...given("userLabels", mergeRecord(own.userLabels, overrides.userLabels)),
  };
}

function appOfCaller(image: StoredImage, overrides: AppOverrides, caller: Caller): App {
  if (overrides.exec === undefined || overrides.exec === "") {
    throw new Fault(
      "invalid",
      `image ${image.id} has no app section and --exec argument is not provided`,
    );
  }
  return { exec: [], user: String(caller.uid), group: String(caller.gid) };
}

function commandOf(own: App, overrides: AppOverrides): readonly string[] {
  const command = overrides.exec ? [overrides.exec] : own.exec;
  return [...command, ...(overrides.args ?? [])];
}

function mergeEnvironment(own: App, overrides: AppOverrides): NameValue[] {
  const merged = new Map<string, string>();
  const layers = [own.environment, overrides.podEnvironment, overrides.environment];
  for (const layer of layers) for (const { name, value } of layer ?? []) merged.set(name, value);
  for (const { name, value } of overrides.inheritedEnvironment ?? []) {
    if (!merged.has(name)) merged.set(name, value);
  }
  return [...merged].map(([name, value]) => ({ name: checkedVariable(name), value }));
}

/** The rule of appc for names of variables. */
function checkedVariable(name: string): string {
  if (name === "") throw new Fault("invalid", "environment variable name must not be empty");
  if (/^[A-Za-z_][A-Za-z_0-9.-]*$/.test(name) && !name.includes("\0")) return name;
  throw new Fault("invalid", `environment variable does not have valid identifier ${quote(name)}`);
}

function checkWorkingDirectory(path: string | undefined): void {
  if (path === undefined || path === "" || path.startsWith("/")) return;
  throw new Fault("invalid", "workingDirectory must be an absolute path");
}

/** Capabilities, seccomp, shares and score replace the image's; a memory or cpu limit follows it, and the last one counts. */
function mergeIsolators(own: readonly Isolator[], overrides: AppOverrides): Isolator[] {
  let merged = [...own];
  const replace = (names: readonly string[], by: Isolator): void => {
    merged = [...merged.filter(({ name }) => !names.includes(name)), by];
  };
  const { memory, cpu, cpuShares, oomScoreAdj } = overrides;
  if (memory !== undefined) merged.push(quantity("resource/memory", memory));
  if (cpu !== undefined) merged.push(quantity("resource/cpu", cpu));
  if (cpuShares !== undefined) {
    replace(["os/linux/cpu-shares"], { name: "os/linux/cpu-shares", value: cpuShares });
  }
  if (oomScoreAdj !== undefined) {
    replace(["os/linux/oom-score-adj"], { name: "os/linux/oom-score-adj", value: oomScoreAdj });
  }
  const capabilities = capabilitiesIsolator(overrides);
  if (capabilities !== undefined) replace(CAPABILITIES, capabilities);
  if (overrides.seccomp !== undefined) replace(SECCOMP, seccompIsolator(overrides.seccomp));
  return merged;
}

const CAPABILITIES = ["os/linux/capabilities-retain-set", "os/linux/capabilities-remove-set"];
const SECCOMP = ["os/linux/seccomp-retain-set", "os/linux/seccomp-remove-set"];

function quantity(name: string, amount: string): Isolator {
  return { name, value: { request: amount, limit: amount } };
}

function capabilitiesIsolator({ capsRetain, capsRemove }: AppOverrides): Isolator | undefined {
  if (capsRetain !== undefined && capsRemove !== undefined) {
    throw new Fault("invalid", "cannot use both --caps-retain and --caps-remove on the same image");
  }
  if (capsRetain !== undefined) {
    return { name: "os/linux/capabilities-retain-set", value: { set: capsRetain } };
  }
  if (capsRemove === undefined) return undefined;
  return { name: "os/linux/capabilities-remove-set", value: { set: capsRemove } };
}

function seccompIsolator({ mode, errno, set }: SeccompOverride): Isolator {
  if (mode !== "retain" && mode !== "remove") {
    throw new Fault("invalid", "invalid seccomp mode command-line override");
  }
  if (set.length === 0) throw new Fault("invalid", "set must be non-empty");
  return { name: `os/linux/seccomp-${mode}-set`, value: { set, ...given("errno", errno) } };
}

function mergeRecord(
  own: Readonly<Record<string, string>> | undefined,
  more: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> | undefined {
  const merged = { ...own, ...more };
  return Object.keys(merged).length > 0 ? merged : undefined;
}

/** A field only where there is a value: absent and undefined are not the same in a document. */
function given<K extends string, V>(name: K, value: V | undefined): { [name in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [name in K]?: V });
}
