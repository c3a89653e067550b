/** `rkt image list`: the images of the local store as a table or as JSON. */
import type { StoredImage } from "@rkt/image";
import { Fault, formatAge, formatBytes, formatTime, quote } from "@shared/base";
import { formatFlag, full, noLegend, TABLE_FORMAT_USAGE } from "../flags/format.ts";
import type { Call, Command } from "../grammar/command.ts";
import { type Flag, type FlagWords, choiceFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { formatColumns } from "../output/columns.ts";
import { formatJson } from "../output/json.ts";
import { longVerification, shortVerification } from "../output/verification-text.ts";
import { openStoreOf } from "./open-store.ts";

const FIELDS = ["id", "name", "size", "importtime", "lastused", "verification"] as const;
type Field = (typeof FIELDS)[number];
const SORT_FIELDS: readonly Field[] = ["name", "importtime", "lastused", "size"];

const TITLES: Readonly<Record<Field, string>> = {
  id: "ID",
  name: "NAME",
  size: "SIZE",
  importtime: "IMPORT TIME",
  lastused: "LAST USED",
  verification: "VERIFICATION",
};

const accepted = (fields: readonly Field[]): string => fields.map(quote).join(", ");

const fields = fieldsFlag(
  {
    name: "fields",
    usage: `comma-separated list of fields to display. Accepted values: ${accepted(FIELDS)}`,
  },
  FIELDS,
  FIELDS,
);

const sort = fieldsFlag(
  {
    name: "sort",
    usage: `comma-separated list of fields to sort by. Accepted values: ${accepted(SORT_FIELDS)}`,
  },
  SORT_FIELDS,
  ["importtime"],
);

const order = choiceFlag(
  { name: "order", usage: 'sorting order. Accepted values: "asc", "desc"', shown: "asc" },
  ["asc", "desc"],
  "asc",
  () => "wrong sort order",
);

const format = formatFlag(TABLE_FORMAT_USAGE);

export const imageList: Command = {
  usage: "image list",
  description: ["Lists the images of the local store, with the fields and in the order asked for."],
  flags: [fields, format, full, noLegend, order, sort],
  grammar: "anywhere",
  run: listImages,
};

function listImages(host: Host, call: Call): number {
  using store = openStoreOf(host, call);
  const { flags } = call;
  const compare = comparison(flags.get(sort), flags.get(order) === "desc" ? -1 : 1);
  const images = store.list().sort(compare);
  const form = flags.get(format);
  host.print(form === "" ? formatTable(images, host, call) : formatJson(documents(images), form));
  return 0;
}

function formatTable(images: readonly StoredImage[], host: Host, { flags }: Call): string {
  const cells = flags.get(full) ? LONG_CELLS : SHORT_CELLS;
  const columns = flags.get(fields);
  const nowMs = host.clock.now();
  const rows = images.map((image) => columns.map((field) => cells[field](image, nowMs)));
  const legend = flags.get(noLegend) ? [] : [columns.map((field) => TITLES[field])];
  return formatColumns([...legend, ...rows]);
}

type Cell = (image: StoredImage, nowMs: number) => string;

const SHORT_CELLS: Readonly<Record<Field, Cell>> = {
  id: (image) => image.id.slice(0, "sha512-".length + 12),
  name: (image) => image.name,
  size: (image) => formatBytes(image.sizeBytes),
  importtime: (image, nowMs) => formatAge(image.importedMs, nowMs),
  lastused: (image, nowMs) => formatAge(image.lastUsedMs, nowMs),
  verification: (image) => shortVerification(image.verification),
};

const LONG_CELLS: Readonly<Record<Field, Cell>> = {
  id: (image) => image.id,
  name: (image) => image.name,
  size: (image) => String(image.sizeBytes),
  importtime: (image) => formatTime(image.importedMs),
  lastused: (image) => formatTime(image.lastUsedMs),
  verification: (image) => longVerification(image.verification),
};

/** Go marshals an empty list that was never filled as null, and clients of rkt know that. */
function documents(images: readonly StoredImage[]): unknown {
  if (images.length === 0) return null;
  return images.map((image) => ({
    id: image.id,
    name: image.name,
    import_time: nanoseconds(image.importedMs),
    last_used_time: nanoseconds(image.lastUsedMs),
    size: image.sizeBytes,
    verification: image.verification,
  }));
}

/**
 * Beyond 2^53 a double is exact to 256 ns only; times are kept in ms, so the digits stay right to
 * the µs.
 */
function nanoseconds(ms: number): number {
  return ms * 1e6;
}

const KEYS: Readonly<Record<Field, (image: StoredImage) => string | number>> = {
  id: (image) => image.id,
  name: (image) => image.name,
  size: (image) => image.sizeBytes,
  importtime: (image) => image.importedMs,
  lastused: (image) => image.lastUsedMs,
  verification: (image) => longVerification(image.verification),
};

function comparison(
  by: readonly Field[],
  sign: 1 | -1,
): (a: StoredImage, b: StoredImage) => number {
  return (a, b) => {
    for (const field of by) {
      const [left, right] = [KEYS[field](a), KEYS[field](b)];
      if (left !== right) return left < right ? -sign : sign;
    }
    return 0;
  };
}

function fieldsFlag(
  words: FlagWords,
  known: readonly Field[],
  initial: readonly Field[],
): Flag<readonly Field[]> {
  return { ...words, shown: initial.join(","), initial, read: (text) => readFields(text, known) };
}

function readFields(text: string, known: readonly Field[]): readonly Field[] {
  const chosen: Field[] = [];
  for (const word of text === "" ? [] : text.split(",")) {
    const field = known.find((each) => each === word);
    if (field === undefined) throw new Fault("invalid", `unknown option ${quote(word)}`);
    if (chosen.includes(field)) throw new Fault("invalid", `duplicated option ${quote(word)}`);
    chosen.push(field);
  }
  return chosen;
}
