/**
 * What every command promises: success says nothing unexpected, failure says one line and leaves
 * nothing half done.
 */
import { expect } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Finished } from "../fixtures/process.ts";
import type { World } from "./world.ts";

/** Lines that tell of progress, and the hint below an error. */
const NOTE = /^(image|networking|pubkey|hint|stage1: warning|Downloading)\b|^ |^$/;

/** The command succeeded; its standard output. */
export function succeeded(finished: Finished): string {
  expect(finished, finished.stderr).toMatchObject({ status: 0, signal: undefined });
  return finished.stdout;
}

/** The command ended with `status` of the app and printed this. */
export function ended(finished: Finished, status: number): string {
  expect(finished, finished.stderr).toMatchObject({ status, signal: undefined });
  return finished.stdout;
}

/**
 * The command failed as rkt fails: status 254, nothing on standard output, one line that says why.
 */
export function refused(finished: Finished): string {
  expect(finished, finished.stderr).toMatchObject({ status: 254, signal: undefined, stdout: "" });
  const lines = finished.stderr.split("\n").filter((line) => !NOTE.test(line));
  expect(lines, `one line says why:\n${finished.stderr}`).toHaveLength(1);
  return lines[0] ?? "";
}

/**
 * Nothing of a failed fetch is in the store: no image is listed, no temporary file and no half
 * layer lies about.
 */
export async function expectEmptyStore(world: World, data: string = world.data): Promise<void> {
  const list = await world.rkt(["image", "list", "--no-legend"], { data });
  expect(succeeded(list)).toBe("");
  expect(filesOf(join(data, "cas/tmp")), "temporary files").toEqual([]);
  expect(filesOf(join(data, "cas/layers")), "layers").toEqual([]);
  expect(filesOf(join(data, "cas/blob")), "blobs").toEqual([]);
}

function filesOf(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return []; // it was never made
  }
}
