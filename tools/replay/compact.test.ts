import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compactLine, readCompact } from "./compact.ts";
import type { Interaction } from "./recording.ts";

const USUAL = { Accept: "application/json", Authorization: "Bearer <admin>" };
const ANSWERED = { "content-type": "application/json", "cache-control": "no-cache, private" };

const INTERACTIONS: readonly Interaction[] = [
  {
    name: "one/create",
    case: "one",
    why: "",
    request: { method: "POST", path: "/a?b=c d", headers: USUAL, body: { kind: "A" } },
    response: { status: 201, headers: ANSWERED, body: { kind: "A", x: null } },
  },
  {
    name: "two/part/anonymous",
    case: "two/part",
    why: "",
    request: { method: "GET", path: "/", headers: { Accept: "*/*" }, rawBody: "{" },
    response: { status: 200, headers: { warning: ["299 - a"] }, events: [{ type: "ADDED" }] },
  },
  {
    name: "three/empty",
    case: "three",
    why: "",
    request: { method: "HEAD", path: "/", headers: USUAL },
    response: { status: 200, headers: ANSWERED, body: null },
  },
];

test("interactions come back as they were", () => {
  const directory = mkdtempSync(join(tmpdir(), "compact-"));
  try {
    const file = join(directory, "a.jsonl");
    writeFileSync(file, `${INTERACTIONS.map(compactLine).join("\n")}\n`);
    expect(readCompact(file)).toEqual(INTERACTIONS);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("sentences about columns are not kept", () => {
  const [first] = INTERACTIONS;
  if (first === undefined) throw new Error("there is one");
  const body = { columnDefinitions: [{ name: "Age", description: "a sentence" }] };
  const line = compactLine({ ...first, response: { ...first.response, body } });
  expect(line).toContain('"columnDefinitions":[{"name":"Age"}]');
});
