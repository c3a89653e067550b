/**
 * The app of an image with what the command line says about it: data in, data out. Touches nothing.
 *
 * @see appc 0.8.11, aci.md "app"; rkt Documentation/subcommands/run.md
 */
import type { StoredImage } from "@rkt/image";
import {
  type App,
  capabilitiesIsolator,
  cpuIsolator,
  cpuSharesIsolator,
  ENTRYPOINT_ANNOTATION,
  type Isolator,
  memoryIsolator,
  type NameValue,
  oomScoreIsolator,
  seccompIsolator,
  seccompProfileIsolator,
  valueOf,
  withIsolator,
} from "@rkt/spec";
import { Fault, quote } from "@shared/base";

/** The value of `--seccomp`, in its parts. */
export interface SeccompOverride {
  /** As typed; only `retain` and `remove` are accepted. */
  readonly mode: string;
  readonly errno?: string;
  readonly set: readonly string[];
  /** Text of a profile, which then stands for all else. */
  readonly profile?: string;
}

/** What the command line may say about one app. An absent field leaves the image's own. */
export interface AppOverrides {
  /** Replaces the whole command by this one word; empty means absent. */
  readonly exec?: string;
  /** Appended to the command. */
  readonly args?: readonly string[];
  /** Appended to the entrypoint of an OCI image instead; its CMD is left out. */
  readonly replacesCmd?: boolean;
  /**
   * From lowest to highest: names that nothing else sets, then `--set-env*`, then `--environment`.
   */
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
  /** Each in place of the image's isolator of its name. */
  readonly isolators?: readonly Isolator[];
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
  refuseDevices(image, overrides.isolators);
  const own = image.manifest.app ?? appOfCaller(image, overrides, caller);
  const environment = mergeEnvironment(own, overrides);
  const isolators = mergeIsolators(own.isolators ?? [], overrides);
  const workingDirectory = overrides.workingDirectory ?? own.workingDirectory;
  checkWorkingDirectory(workingDirectory);
  return {
    exec: commandOf(image, own, overrides),
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
      `error: image ${image.id} has no app section and --exec argument is not provided`,
    );
  }
  return { exec: [], user: String(caller.uid), group: String(caller.gid) };
}

function commandOf(image: StoredImage, own: App, overrides: AppOverrides): readonly string[] {
  const ownCommand = overrides.replacesCmd === true ? entrypointOf(image, own) : own.exec;
  const command = overrides.exec ? [overrides.exec] : ownCommand;
  return [...command, ...(overrides.args ?? [])];
}

/** An ACI has an entrypoint only. */
function entrypointOf({ manifest, format }: StoredImage, own: App): readonly string[] {
  if (format === "aci") return own.exec;
  const text = valueOf(manifest.annotations, ENTRYPOINT_ANNOTATION);
  return text === undefined ? [] : (JSON.parse(text) as readonly string[]);
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

/**
 * Devices are the machine's, so its owner gives them: what an image asks for is no permission.
 *
 * @throws {Fault} "precondition" for an image that asks for devices which nobody gave
 */
export function refuseDevices(image: StoredImage, given: readonly Isolator[] = []): void {
  const isDevices = ({ name }: Isolator): boolean => name === "os/linux/devices";
  if (!(image.manifest.app?.isolators ?? []).some(isDevices) || given.some(isDevices)) return;
  throw new Fault("precondition", `image ${quote(image.name)} asks for devices of the host`, {
    hint: "Give it those that it may have with --device=PATH.",
  });
}

/** What the command line says stands in place of the image's own, and of what contradicts it. */
function mergeIsolators(own: readonly Isolator[], overrides: AppOverrides): readonly Isolator[] {
  const { memory, cpu, cpuShares, oomScoreAdj, seccomp } = overrides;
  const said = [
    memory === undefined ? undefined : memoryIsolator(memory),
    cpu === undefined ? undefined : cpuIsolator(cpu),
    cpuShares === undefined ? undefined : cpuSharesIsolator(String(cpuShares)),
    oomScoreAdj === undefined ? undefined : oomScoreIsolator(String(oomScoreAdj)),
    capabilitiesOf(overrides),
    seccomp === undefined ? undefined : seccompOf(seccomp),
    ...(overrides.isolators ?? []),
  ];
  const present = said.filter((isolator) => isolator !== undefined);
  return present.reduce<readonly Isolator[]>(withIsolator, own);
}

function capabilitiesOf({ capsRetain, capsRemove }: AppOverrides): Isolator | undefined {
  if (capsRetain !== undefined && capsRemove !== undefined) {
    throw new Fault(
      "invalid",
      "error: cannot use both --caps-retain and --caps-remove on the same image",
    );
  }
  if (capsRetain !== undefined) return capabilitiesIsolator("retain", capsRetain.join(","));
  if (capsRemove !== undefined) return capabilitiesIsolator("remove", capsRemove.join(","));
  return undefined;
}

function seccompOf(seccomp: SeccompOverride): Isolator {
  return seccomp.profile === undefined
    ? seccompIsolator(seccompText(seccomp))
    : seccompProfileIsolator(seccomp.profile);
}

function seccompText({ mode, errno, set }: SeccompOverride): string {
  return [`mode=${mode}`, ...(errno === undefined ? [] : [`errno=${errno}`]), ...set].join(",");
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
