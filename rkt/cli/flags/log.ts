/**
 * The flags that say how the logs of a pod's apps are kept: they flow in, annotations of the pod
 * flow out, which stage1 reads.
 */
import { type NameValue } from "@rkt/spec";
import { LOG_ANNOTATIONS } from "@rkt/stage1/contract";
import { Fault, quote } from "@shared/base";
import { type Flag, type FlagValues, optionalFlag } from "../grammar/flag.ts";

const DRIVERS = ["auto", "file", "journald", "none"];

const driver = optionalFlag(
  {
    name: "log-driver",
    usage:
      "where the output of apps is kept: file, journald, none, or auto, a file and the system " +
      "journal where there is one",
  },
  (text) => {
    if (DRIVERS.includes(text)) return text;
    throw new Fault("invalid", `${quote(text)} is not one of ${DRIVERS.join(", ")}`);
  },
);

const maxSize = optionalFlag(
  { name: "log-max-size", usage: "size at which an app's log is rotated (example: '50Mi'); 10Mi" },
  (text) => String(readSize(text)),
);

const maxFiles = optionalFlag(
  { name: "log-max-files", usage: "files that are kept of an app's log, with the current one; 5" },
  (text) => {
    if (/^[1-9]\d{0,3}$/.test(text)) return text;
    throw new Fault("invalid", `${quote(text)} is no number from 1 to 9999`);
  },
);

export const LOG_FLAGS: readonly Flag<unknown>[] = [driver, maxSize, maxFiles];

/** Annotations of the pod. */
export function logAnnotations(flags: FlagValues): readonly NameValue[] {
  const chosen = [
    [LOG_ANNOTATIONS.driver, flags.get(driver)],
    [LOG_ANNOTATIONS.maxSize, flags.get(maxSize)],
    [LOG_ANNOTATIONS.maxFiles, flags.get(maxFiles)],
  ] as const;
  return chosen.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["k", 1000],
  ["ki", 1024],
  ["m", 1000 ** 2],
  ["mi", 1024 ** 2],
  ["g", 1000 ** 3],
  ["gi", 1024 ** 3],
]);

/** Smaller logs would be rotated by nearly every line. */
const SIZE_MIN = 1024;

function readSize(text: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,9})([A-Za-z]{0,2})$/.exec(text) ?? [];
  const size = Number(digits) * (UNITS.get(unit.toLowerCase()) ?? 0);
  if (digits !== "" && size >= SIZE_MIN) return size;
  throw new Fault("invalid", `${quote(text)} is no size from 1Ki on`);
}
