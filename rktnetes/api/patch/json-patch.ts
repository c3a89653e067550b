/**
 * JSON patch as API servers do it: RFC 6902, with the liberties that clients have come to rely on
 * (a key may be replaced that is not there, an index may count from the end). In: a document and a
 * decoded patch. Out: a new document; the given one is not changed.
 *
 * @see RFC 6902; kubernetes reference §1.9
 */
import { Fault, quote } from "@shared/base";
import type { Json, JsonObject } from "../schema/schema.ts";
import { badRequest, type StatusFault, tooLarge } from "../status/status-fault.ts";
import { copyJson, equalJson, isObject, own, setOwn } from "./values.ts";

const MAX_OPERATIONS = 10_000;
/** What a document may grow by through copies: no more than a body may bring. */
const COPIED_BYTES_MAX = 3 * 1024 * 1024;

interface Operation {
  readonly op: string;
  readonly path: string | undefined;
  readonly from: string | undefined;
  /** null where the patch gives none. */
  readonly value: Json;
}

/** @throws {StatusFault} 400 when it is no list of operations, 413 when it is too long */
export function decodeJsonPatch(patch: Json): readonly Operation[] {
  if (!Array.isArray(patch)) throw notPatch(patch, "[]handlers.jsonPatchOp");
  if (patch.length > MAX_OPERATIONS) {
    const limit = `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}`;
    throw tooLarge(`Request entity too large: ${limit}, got ${patch.length}`);
  }
  return patch.map((entry) => {
    if (!isObject(entry)) throw notPatch(entry, "handlers.jsonPatchOp");
    return {
      op: text(own(entry, "op")) ?? "",
      path: text(own(entry, "path")),
      from: text(own(entry, "from")),
      value: own(entry, "value") ?? null,
    };
  });
}

function text(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** @internal how Go names what a JSON value is */
export function notPatch(value: Json, wanted: string): StatusFault {
  const kind = Array.isArray(value) ? "array" : isObject(value) ? "object" : typeof value;
  const name = kind === "boolean" ? "bool" : kind === "bigint" ? "number" : kind;
  return badRequest(
    `error decoding patch: json: cannot unmarshal ${name} into Go value of type ${wanted}`,
  );
}

/** @throws {Fault} `invalid` when an operation does not apply; then nothing has changed */
export function applyJsonPatch(document: JsonObject, patch: readonly Operation[]): Json {
  const state: State = { root: copyJson(document), copied: 0 };
  for (const operation of patch) applyOperation(state, operation);
  return state.root;
}

interface State {
  root: Json;
  copied: number;
}

function applyOperation(state: State, operation: Operation): void {
  const path = required(operation, "path");
  switch (operation.op) {
    case "add":
      return containerOf(state, path).add(operation.value);
    case "remove":
      return containerOf(state, path).remove();
    case "replace":
      return replace(state, path, operation.value);
    case "move": {
      const from = containerOf(state, required(operation, "from"));
      const value = from.get() ?? null;
      from.remove();
      return containerOf(state, path).add(value);
    }
    case "copy": {
      const value = containerOf(state, required(operation, "from")).get() ?? null;
      state.copied += sizeOf(value);
      if (state.copied > COPIED_BYTES_MAX) {
        throw new Fault("invalid", "copy in a JSON patch: the copies are too large");
      }
      return containerOf(state, path).add(copyJson(value));
    }
    case "test":
      return test(state, path, operation.value);
    default:
      throw new Fault(
        "invalid",
        `apply a JSON patch: there is no operation ${quote(operation.op)}`,
      );
  }
}

function required(operation: Operation, member: "path" | "from"): string {
  const value = operation[member];
  if (value !== undefined) return value;
  throw new Fault("invalid", `${operation.op} in a JSON patch: it has no ${member}`);
}

function replace(state: State, path: string, value: Json): void {
  if (path === "") {
    if (typeof value !== "object")
      throw new Fault("invalid", "replace all: the value is no document");
    state.root = value;
    return;
  }
  const place = containerOf(state, path);
  place.get();
  place.set(value);
}

function test(state: State, path: string, value: Json): void {
  const found = path === "" ? state.root : containerOf(state, path).get();
  if (equalJson(found ?? null, value)) return;
  throw new Fault("invalid", `test in a JSON patch: ${quote(path)} has another value`);
}

/** Of a value as text, about. */
function sizeOf(value: Json): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 5;
  let size = 2;
  for (const key of Object.keys(value)) {
    size +=
      sizeOf((value as JsonObject)[key] ?? null) + 1 + (Array.isArray(value) ? 0 : key.length);
  }
  return size;
}

/** The place that a pointer names: a key of an object or an index of a list. */
interface Place {
  get(): Json | undefined;
  /** Puts a value there; into a list before what is there. */
  add(value: Json): void;
  /** Puts a value in place of what is there. */
  set(value: Json): void;
  remove(): void;
}

function containerOf(state: State, path: string): Place {
  const tokens = path.split("/").map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (tokens.length < 2) throw missing(path);
  let container: Json = state.root;
  for (const token of tokens.slice(1, -1)) {
    const next: Json | undefined = Array.isArray(container)
      ? container[indexIn(container, token, path)]
      : isObject(container)
        ? own(container, token)
        : undefined;
    if (next === undefined || next === null) throw missing(path);
    container = next;
  }
  const last = tokens.at(-1) ?? "";
  if (Array.isArray(container)) return placeInList(container, last, path);
  if (isObject(container)) return placeInObject(container, last, path);
  throw missing(path);
}

function missing(path: string): Fault {
  return new Fault("invalid", `apply a JSON patch: there is no ${quote(path)}`);
}

function placeInObject(object: JsonObject, key: string, path: string): Place {
  return {
    get: () => own(object, key),
    add: (value) => setOwn(object, key, value),
    set: (value) => setOwn(object, key, value),
    remove: () => {
      if (!Object.hasOwn(object, key)) throw missing(path);
      delete object[key];
    },
  };
}

function placeInList(list: Json[], token: string, path: string): Place {
  return {
    get: () => list[indexIn(list, token, path)],
    add: (value) => {
      list.splice(token === "-" ? list.length : insertionIndex(list, token, path), 0, value);
    },
    set: (value) => {
      list[indexIn(list, token, path)] = value;
    },
    remove: () => {
      list.splice(indexIn(list, token, path), 1);
    },
  };
}

function indexIn(list: readonly Json[], token: string, path: string): number {
  const index = parseIndex(token, path);
  const counted = index < 0 ? index + list.length : index;
  if (counted < 0 || counted >= list.length) throw missing(path);
  return counted;
}

function insertionIndex(list: readonly Json[], token: string, path: string): number {
  const index = parseIndex(token, path);
  const counted = index < 0 ? index + list.length + 1 : index;
  if (counted < 0 || counted > list.length) throw missing(path);
  return counted;
}

function parseIndex(token: string, path: string): number {
  if (!/^[+-]?\d{1,9}$/.test(token)) throw missing(path);
  return Number(token);
}
