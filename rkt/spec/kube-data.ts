/** ConfigMaps and Secrets of a file: their keys with the bytes that they stand for. Pure. */
import { Fault, quote } from "@shared/base";
import { type JsonObject, readObject, readText, readTextMap } from "./document.ts";

export interface DataName {
  readonly kind: "ConfigMap" | "Secret";
  readonly name: string;
}

/** Undefined where the file has no such document. @throws {Fault} "invalid" */
export function keysOf(
  documents: readonly JsonObject[],
  { kind, name }: DataName,
): ReadonlyMap<string, Uint8Array> | undefined {
  const found = documents.find(
    (each) =>
      each["kind"] === kind &&
      readText(readObject(each["metadata"] ?? {}, "metadata")["name"], "metadata.name") === name,
  );
  if (found === undefined) return undefined;
  const where = `${kind} ${quote(name)}`;
  const plain = kind === "ConfigMap" ? "data" : "stringData";
  const encoded = kind === "ConfigMap" ? "binaryData" : "data";
  const texts = Object.entries(readTextMap(found[plain], `${where}: ${plain}`) ?? {});
  const coded = Object.entries(readTextMap(found[encoded], `${where}: ${encoded}`) ?? {});
  return new Map([
    ...coded.map(([key, text]) => [key, decoded(text, `${where}: ${encoded}.${key}`)] as const),
    ...texts.map(([key, text]) => [key, Buffer.from(text)] as const),
  ]);
}

function decoded(text: string, where: string): Uint8Array {
  const compact = text.replaceAll(/\s/g, "");
  if (/^[A-Za-z0-9+/]*={0,2}$/.test(compact) && compact.length % 4 === 0) {
    return Buffer.from(compact, "base64");
  }
  throw new Fault("invalid", `${where}: it is not base64`);
}
