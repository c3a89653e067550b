/**
 * The OpenAPI 2 document in the protobuf form of gnostic, which old clients ask for only. In: the
 * document as JSON. Out: bytes. What the form has no field for is left out; extensions (`x-…`)
 * travel as text.
 */
import { FIXED64, VARINT, WireWriter } from "../codec/protobuf/wire.ts";
import type { Json, JsonObject } from "../schema/schema.ts";

/** How a member of a JSON object is written: its field number, and as what. */
type Field = readonly [number: number, form: Form];
type Form =
  | "string"
  | "bool"
  | "int"
  | "double"
  | "strings"
  | "any"
  | "anys"
  | { readonly message: string }
  | { readonly messages: string }
  /** The message stands in another one, in that field of it. */
  | { readonly within: number; readonly message: string }
  /** A JSON object with names from outside: entries of name and value in that field. */
  | { readonly entries: number; readonly value: Form };

type Fields = Readonly<Record<string, Field>>;

const SCHEMA = { message: "Schema" } as const;
const NAMED_SCHEMAS = { entries: 1, value: SCHEMA } as const;

const NUMBERS: Fields = {
  maximum: [7, "double"],
  exclusiveMaximum: [8, "bool"],
  minimum: [9, "double"],
  exclusiveMinimum: [10, "bool"],
  maxLength: [11, "int"],
  minLength: [12, "int"],
  pattern: [13, "string"],
  maxItems: [14, "int"],
  minItems: [15, "int"],
  uniqueItems: [16, "bool"],
  maxProperties: [17, "int"],
  minProperties: [18, "int"],
};

const OPERATION = { message: "Operation" } as const;

const MESSAGES: Readonly<Record<string, Fields>> = {
  Document: {
    swagger: [1, "string"],
    info: [2, { message: "Info" }],
    schemes: [5, "strings"],
    consumes: [6, "strings"],
    produces: [7, "strings"],
    paths: [8, { entries: 2, value: { message: "PathItem" } }],
    definitions: [9, NAMED_SCHEMAS],
  },
  Info: { title: [1, "string"], version: [2, "string"] },
  PathItem: {
    get: [2, OPERATION],
    put: [3, OPERATION],
    post: [4, OPERATION],
    delete: [5, OPERATION],
    options: [6, OPERATION],
    head: [7, OPERATION],
    patch: [8, OPERATION],
    parameters: [9, { messages: "Parameter" }],
  },
  Operation: {
    tags: [1, "strings"],
    operationId: [5, "string"],
    produces: [6, "strings"],
    consumes: [7, "strings"],
    parameters: [8, { messages: "Parameter" }],
    responses: [9, { entries: 1, value: { within: 1, message: "Response" } }],
    schemes: [10, "strings"],
  },
  Body: { name: [2, "string"], in: [3, "string"], required: [4, "bool"], schema: [5, SCHEMA] },
  Query: {
    required: [1, "bool"],
    in: [2, "string"],
    name: [4, "string"],
    type: [6, "string"],
    uniqueItems: [20, "bool"],
  },
  Path: {
    required: [1, "bool"],
    in: [2, "string"],
    name: [4, "string"],
    type: [5, "string"],
    uniqueItems: [19, "bool"],
  },
  Response: { description: [1, "string"], schema: [2, { within: 1, message: "Schema" }] },
  Schema: {
    $ref: [1, "string"],
    format: [2, "string"],
    title: [3, "string"],
    description: [4, "string"],
    default: [5, "any"],
    multipleOf: [6, "double"],
    ...NUMBERS,
    required: [19, "strings"],
    enum: [20, "anys"],
    additionalProperties: [21, { message: "SchemaOrBoolean" }],
    type: [22, { message: "Type" }],
    items: [23, { within: 1, message: "Schema" }],
    properties: [25, NAMED_SCHEMAS],
  },
};

/** Where extensions go. */
const EXTENSIONS: Readonly<Record<string, number>> = { Operation: 13, PathItem: 10, Schema: 31 };

/** The document as bytes. */
export function gnosticDocument(document: JsonObject): Buffer {
  const writer = new Writer();
  writer.message("Document", document);
  return writer.bytes();
}

/** Writes from the end to the start: the length of a message is known when its head is due. */
class Writer {
  readonly #wire = new WireWriter();

  bytes(): Buffer {
    return this.#wire.finish();
  }

  message(name: string, value: Json): void {
    if (name === "Parameter") return this.#parameter(objectOf(value));
    if (name === "SchemaOrBoolean") {
      if (typeof value === "boolean") return this.#bool(2, value);
      return this.#within(1, () => this.message("Schema", value));
    }
    if (name === "Type") return this.#string(1, typeof value === "string" ? value : "");
    const fields = MESSAGES[name] ?? {};
    for (const [member, each] of Object.entries(objectOf(value)).reverse()) {
      const field = fields[member];
      if (field !== undefined) this.#field(field[0], field[1], each);
      else if (member.startsWith("x-")) this.#extension(EXTENSIONS[name], member, each);
    }
  }

  #parameter(value: JsonObject): void {
    this.#within(1, () => {
      if (value["in"] === "body") return this.#within(1, () => this.message("Body", value));
      const isPath = value["in"] === "path";
      const write = (): void => this.message(isPath ? "Path" : "Query", value);
      return this.#within(2, () => this.#within(isPath ? 4 : 3, write));
    });
  }

  #field(number: number, form: Form, value: Json): void {
    if (typeof form === "object") return this.#structure(number, form, value);
    if (form === "any") return this.#any(number, value);
    if (form === "bool") return this.#bool(number, value === true);
    if (form === "strings" || form === "anys") {
      for (const each of listOf(value).toReversed()) {
        if (form === "anys") this.#any(number, each);
        else if (typeof each === "string") this.#string(number, each);
      }
      return undefined;
    }
    if (form === "string") return this.#string(number, typeof value === "string" ? value : "");
    const amount = typeof value === "number" || typeof value === "bigint" ? Number(value) : 0;
    return form === "int" ? this.#int(number, amount) : this.#double(number, amount);
  }

  #structure(number: number, form: Exclude<Form, string>, value: Json): void {
    if ("entries" in form) return this.#within(number, () => this.#entries(form, value));
    if ("messages" in form) {
      for (const each of listOf(value).toReversed()) {
        this.#within(number, () => this.message(form.messages, each));
      }
      return undefined;
    }
    const write = (): void => this.message(form.message, value);
    return this.#within(number, "within" in form ? () => this.#within(form.within, write) : write);
  }

  #entries(
    { entries, value }: { readonly entries: number; readonly value: Form },
    all: Json,
  ): void {
    for (const [name, each] of Object.entries(objectOf(all)).reverse()) {
      this.#within(entries, () => {
        this.#field(2, value, each);
        this.#string(1, name);
      });
    }
  }

  #extension(number: number | undefined, name: string, value: Json): void {
    if (number === undefined) return;
    this.#within(number, () => {
      this.#any(2, value);
      this.#string(1, name);
    });
  }

  /** JSON is YAML, in which such values travel. */
  #any(number: number, value: Json): void {
    this.#within(number, () => this.#string(2, JSON.stringify(value, plainNumber)));
  }

  #within(number: number, write: () => void): void {
    const from = this.#wire.length;
    write();
    this.#wire.close(number, from);
  }

  #string(number: number, text: string): void {
    const from = this.#wire.length;
    this.#wire.text(text);
    this.#wire.close(number, from);
  }

  #bool(number: number, value: boolean): void {
    if (value) this.#int(number, 1); // absent is no
  }

  #int(number: number, value: number): void {
    this.#wire.integer(value);
    this.#wire.tag(number, VARINT);
  }

  #double(number: number, value: number): void {
    this.#wire.double(value);
    this.#wire.tag(number, FIXED64);
  }
}

function objectOf(value: Json): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

function listOf(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function plainNumber(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}
