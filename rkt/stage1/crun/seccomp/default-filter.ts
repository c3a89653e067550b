/**
 * The filter of an app that asks for nothing special, compiled while the executable is built: three
 * milliseconds of every start. Imported as a macro, so the program holds its result only.
 */
import { DEFAULT_CAPABILITIES } from "@rkt/spec";
import { filterFor } from "./filter.ts";

/** In base64, by machine. */
export function defaultFilters(): { readonly x86_64: string; readonly aarch64: string } {
  const compiled = (arch: "x86_64" | "aarch64"): string =>
    Buffer.from(filterFor({ arch, mode: "default" }, DEFAULT_CAPABILITIES) ?? "").toString(
      "base64",
    );
  return { x86_64: compiled("x86_64"), aarch64: compiled("aarch64") };
}
