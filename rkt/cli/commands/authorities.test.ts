import { afterEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { authoritiesOf } from "./authorities.ts";

const directory = mkdtempSync(join(tmpdir(), "rkt-authorities-"));
const [file, more] = [join(directory, "ca.pem"), join(directory, "more")];
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("SSL_CERT_FILE and SSL_CERT_DIR are read when asked for", () => {
  mkdirSync(join(more, "sub"), { recursive: true });
  const both = authoritiesOf({ environment: { SSL_CERT_FILE: file, SSL_CERT_DIR: `${more}:` } });
  const none = authoritiesOf({ environment: { SSL_CERT_DIR: join(directory, "none") } });
  writeFileSync(file, "ONE");
  writeFileSync(join(more, "x.pem"), "TWO");
  expect(both.authorities?.split("\n").filter(Boolean)).toEqual(["ONE", "TWO"]);
  expect(none.authorities).toBe("");
});
