/**
 * YAML as Kubernetes reads it: a text with one or more documents flows in, objects flow out. The
 * words of YAML 1.1 (`0644` is octal, `yes` is true); aliases are bounded, keys unique.
 */
import { Fault } from "@shared/base";
import { parseAllDocuments } from "yaml";
import { type JsonObject, readObject } from "./document.ts";

/** What a file may hold: as much as a request to Kubernetes may. */
const TEXT_BYTES_MAX = 3 * 1024 * 1024;

/** @throws {Fault} "invalid": `FILE:LINE:COLUMN: what is wrong` */
export function parseYaml(text: string, file: string): JsonObject[] {
  if (Buffer.byteLength(text) > TEXT_BYTES_MAX) {
    throw new Fault("invalid", `${file}: larger than ${TEXT_BYTES_MAX} bytes`);
  }
  const documents = parseAllDocuments(text, { version: "1.1", prettyErrors: true });
  const list = Array.isArray(documents) ? documents : [];
  const objects: JsonObject[] = [];
  for (const document of list) {
    const [problem] = document.errors;
    if (problem !== undefined) {
      const [start] = problem.linePos ?? [{ line: 1, col: 1 }];
      const [what = ""] = problem.message.split(/ at line \d+|\n/);
      throw new Fault("invalid", `${file}:${start.line}:${start.col}: ${what}`);
    }
    const value = toValue(document, file);
    if (value !== null && value !== undefined) objects.push(readObject(value, file));
  }
  return objects;
}

/** Aliases that stand for too much are found only now. */
function toValue(document: { toJS(): unknown }, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new Fault("invalid", `${file}: ${error instanceof Error ? error.message : "no YAML"}`);
  }
}
