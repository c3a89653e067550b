/**
 * Isolators from the command line: the value of `--memory`, `--cpu`, `--seccomp` and the like flows
 * in, the isolator that rkt writes into the pod manifest flows out. `withIsolator` then sets it
 * beside those of the image.
 *
 * @see rkt Documentation/subcommands/run.md; rkt's cli_apps.go and common/apps
 */
import { Fault, quote } from "@shared/base";
import type { Isolator, NameValue } from "./appc.ts";
import { parseGoInteger } from "./go-number.ts";
import { parseIsolators } from "./isolators.ts";
import { parseSeccompProfile } from "./seccomp-profile.ts";
import { parseQuantity, printQuantity, type Quantity, wholeUnits } from "./quantity.ts";

/** Less is most likely a mistake, such as `16m`, thousandths of a byte, for `16M`. */
const SMALLEST_MEMORY_BYTES = 4096;

/** `--memory=128M`. Faults: invalid, with rkt's words; so in all functions here. */
export function memoryIsolator(text: string): Isolator {
  const limit = parseRequest(text);
  const bytes = wholeUnits(limit);
  if (bytes < SMALLEST_MEMORY_BYTES) {
    const advice = "Try a reasonable value, such as --memory=16M";
    throw new Fault("invalid", `memory limit of ${bytes} bytes too low. ${advice}`);
  }
  return resourceIsolator("resource/memory", limit);
}

/** `--cpu=500m`. */
export function cpuIsolator(text: string): Isolator {
  return resourceIsolator("resource/cpu", parseRequest(text));
}

/** `--cpu-shares=2048`. */
export function cpuSharesIsolator(text: string): Isolator {
  return proven({ name: "os/linux/cpu-shares", value: parseGoInteger(text) });
}

/** `--oom-score-adj=500`. */
export function oomScoreIsolator(text: string): Isolator {
  return proven({ name: "os/linux/oom-score-adj", value: parseGoInteger(text) });
}

/** `--caps-retain=CAP_KILL,CAP_CHOWN` and `--caps-remove=…`; the empty text retains none. */
export function capabilitiesIsolator(mode: "retain" | "remove", text: string): Isolator {
  return proven({
    name: `os/linux/capabilities-${mode}-set`,
    value: { set: text.split(",") },
  });
}

/** `--seccomp=mode=retain,errno=EPERM,chown,chmod`. */
export function seccompIsolator(text: string): Isolator {
  let [mode, errno] = ["", ""];
  const set: string[] = [];
  for (const part of text.split(",")) {
    const [key, value, ...more] = part.split("=");
    if (value === undefined || more.length > 0) set.push(part);
    else if (key === "mode") mode = value;
    else if (key === "errno") errno = value;
    else throw new Fault("invalid", "invalid seccomp command-line override");
  }
  if (mode !== "retain" && mode !== "remove") {
    throw new Fault("invalid", "invalid seccomp mode command-line override");
  }
  return proven({ name: `os/linux/seccomp-${mode}-set`, value: { set, errno } });
}

/** `--seccomp=profile=/path.json`, given the text of that file. */
export function seccompProfileIsolator(text: string): Isolator {
  return { name: "os/linux/seccomp-profile", value: parseSeccompProfile(text) };
}

/** `--pids-limit=100`. */
export function pidsIsolator(text: string): Isolator {
  return proven({ name: "os/linux/pids-limit", value: parseGoInteger(text) });
}

/** All of `--ulimit=nofile=1024:4096`, the last of a name last. */
export function resourceLimitsIsolator(texts: readonly string[]): Isolator {
  const pairs = texts.map((text): [string, string] => {
    const at = text.indexOf("=");
    if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
    throw new Fault("invalid", `limit ${quote(text)}: it is not NAME=SOFT[:HARD]`);
  });
  return proven({ name: "os/unix/resource-limits", value: Object.fromEntries(pairs) });
}

/** All of `--device=/dev/fuse:/dev/fuse:rwm` and `--device=vendor/class=name`. */
export function devicesIsolator(set: readonly string[]): Isolator {
  return proven({ name: "os/linux/devices", value: { set } });
}

/** `--cpuset-cpus=0-2,5`. */
export function cpusetIsolator(text: string): Isolator {
  return proven({ name: "os/linux/cpuset", value: text });
}

/** `--shm-size=128M`. */
export function sharedMemoryIsolator(text: string): Isolator {
  return { name: "os/linux/shared-memory", value: { limit: printQuantity(parseRequest(text)) } };
}

/** All of `--sysctl=NAME=VALUE`. */
export function sysctlIsolator(pairs: readonly NameValue[]): Isolator {
  const value = Object.fromEntries(pairs.map((pair) => [pair.name, pair.value]));
  return proven({ name: "os/unix/sysctl", value });
}

function parseRequest(text: string): Quantity {
  try {
    return parseQuantity(text);
  } catch (thrown) {
    const { message, hint } = Fault.from(thrown);
    const options = hint === undefined ? {} : { hint };
    throw new Fault("invalid", `error parsing request: ${message}`, options);
  }
}

function resourceIsolator(name: string, quantity: Quantity): Isolator {
  const text = printQuantity(quantity);
  return { name, value: { default: false, request: text, limit: text } };
}

function proven(isolator: Isolator): Isolator {
  parseIsolators([isolator]);
  return isolator;
}
