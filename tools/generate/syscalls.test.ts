/** The committed tables of system calls are those of the kernel's headers. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HEADERS_VERSION, headersVersion, missingHeaders, renderSyscalls } from "./syscalls.ts";

const COMMITTED = join(import.meta.dir, "../../rkt/stage1/crun/seccomp/syscalls.generated.ts");

function reasonToSkip(): string | undefined {
  const missing = missingHeaders();
  if (missing.length > 0) return `not installed: ${missing.join(", ")}`;
  return headersVersion() === HEADERS_VERSION ? undefined : "the headers are of another release";
}

const reason = reasonToSkip();
const suffix = reason === undefined ? "" : ` (skipped: ${reason})`;

test.skipIf(reason !== undefined)(`the committed tables are those of the headers${suffix}`, () => {
  expect(readFileSync(COMMITTED, "utf8")).toBe(renderSyscalls());
});
