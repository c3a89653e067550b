/**
 * The types that a document defines: those its paths name, all that these name in turn, and for
 * each the kinds it stands for. In: names as paths give them. Out: definitions by name. Pure.
 */
import type { GroupVersion, GroupVersionKind, Kind } from "../kinds/kind.ts";
import { builtinGroupVersions, findDefinition, findType } from "../kinds/load.ts";
import type { Json, JsonObject } from "../schema/schema.ts";
import { asVersion2, keepsUnknownFields } from "./custom-version-2.ts";
import { type Dialect, type Naming, objectForm, reference } from "./schema-form.ts";

const META = "io.k8s.apimachinery.pkg.apis.meta.v1";

/** Kinds that every API speaks; one type stands for all of them. */
const EVERYWHERE: readonly string[] = ["DeleteOptions", "WatchEvent"];
/** Kinds of the core group that all APIs answer with. */
const IN_CORE: readonly string[] = [
  "APIGroup",
  "APIGroupList",
  "APIResourceList",
  "APIVersions",
  "Status",
];

/** What `kubectl explain` says of what all objects have. */
const HEAD: Readonly<Record<string, string>> = {
  apiVersion: "APIVersion defines the group and version whose schema this object follows.",
  kind: "Kind says what type of object this is, in the singular and in camel case.",
  metadata: "Standard object's metadata.",
};

const CREATED =
  "CreationTimestamp is a timestamp of the moment at which the server made this object.";

export class Definitions implements Naming {
  readonly dialect: Dialect;
  readonly #apis: readonly GroupVersion[];
  readonly #forms = new Map<string, JsonObject>();
  readonly #custom = new Map<string, Kind>();

  /** Definitions for APIs with these kinds. */
  constructor(dialect: Dialect, apis: readonly GroupVersion[], kinds: readonly Kind[]) {
    this.dialect = dialect;
    this.#apis = apis;
    for (const kind of kinds.filter(({ openApi }) => openApi !== undefined)) {
      const { group, version } = kind;
      this.#custom.set(customName(kind), kind);
      this.#custom.set(customName({ group, version, kind: kind.listKind }), kind);
    }
  }

  /** Full name of a kind's type, which the document then defines. */
  nameOf(kind: GroupVersionKind): string | undefined {
    const own = customName(kind);
    const custom = this.#custom.get(own);
    if (custom !== undefined) {
      const isItself = custom.kind === kind.kind;
      this.named(own, () => (isItself ? this.#customForm(custom) : this.#listForm(custom)));
      return own;
    }
    const name = findType(kind)?.name;
    if (name !== undefined) this.add(name);
    return name;
  }

  /** Defines a type by its full name. */
  add(name: string): void {
    this.named(name, () => {
      const schema = findDefinition(name);
      if (schema === undefined) return { type: "object" };
      const form = objectForm(schema, this);
      return name === `${META}.ObjectMeta` ? describedMember(form, "creationTimestamp") : form;
    });
  }

  named(name: string, form: () => JsonObject): void {
    if (this.#forms.has(name)) return;
    this.#forms.set(name, {});
    const made = form();
    const kinds = this.#kindsOf(name);
    if (kinds.length > 0) made["x-kubernetes-group-version-kind"] = kinds;
    this.#forms.set(name, made);
  }

  all(): JsonObject {
    return Object.fromEntries([...this.#forms].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** The kinds that an object of this type may say it is. */
  #kindsOf(name: string): JsonObject[] {
    const kind = name.slice(name.lastIndexOf(".") + 1);
    const form = ({ group, version }: GroupVersion): JsonObject => ({ group, kind, version });
    if (name.startsWith(META)) {
      const core = { group: "", version: "v1" };
      if (IN_CORE.includes(kind)) return [form(core)];
      if (!EVERYWHERE.includes(kind)) return [];
      return this.#apis.length > 1
        ? this.#apis.map(form)
        : [core, ...this.#apis.filter(({ group }) => group !== "")].map(form);
    }
    const custom = this.#custom.get(name);
    if (custom !== undefined) return [form(custom)];
    return owners().flatMap((api) =>
      findType({ ...api, kind })?.name === name ? [form(api)] : [],
    );
  }

  /** What the author of the kind wrote, and what all objects have. */
  #customForm({ openApi = {} }: Kind): JsonObject {
    const isOld = this.dialect === "2";
    // kubectl takes properties for all that there are: whoever wants others must name none
    if (isOld && keepsUnknownFields(openApi)) return { type: "object" };
    const written = isOld ? asVersion2(openApi) : openApi;
    const head = this.#head("ObjectMeta");
    const whole = withEmbedded({ ...written, type: "object" }, head);
    return { ...whole, properties: { ...propertiesOf(whole), ...head } };
  }

  #listForm({ group, version, kind }: Kind): JsonObject {
    const items = { type: "array", items: reference(customName({ group, version, kind }), this) };
    const head = this.#head("ListMeta");
    return { type: "object", required: ["items"], properties: { ...head, items } };
  }

  /** What every object begins with. */
  #head(metadata: "ObjectMeta" | "ListMeta"): JsonObject {
    const text = (name: string): JsonObject => ({ description: HEAD[name] ?? "", type: "string" });
    const target = this.#object(`${META}.${metadata}`);
    const described = { ...target, description: HEAD["metadata"] ?? "" };
    return { apiVersion: text("apiVersion"), kind: text("kind"), metadata: described };
  }

  #object(name: string): JsonObject {
    this.add(name);
    const target = reference(name, this);
    return this.dialect === "2" ? target : { allOf: [target] };
  }
}

function describedMember(form: JsonObject, name: string): JsonObject {
  const properties = propertiesOf(form);
  const { [name]: member } = properties;
  if (typeof member !== "object" || member === null || Array.isArray(member)) return form;
  return { ...form, properties: { ...properties, [name]: { ...member, description: CREATED } } };
}

function propertiesOf({ properties = {} }: JsonObject): JsonObject {
  const isObject = typeof properties === "object" && properties !== null;
  return isObject && !Array.isArray(properties) ? properties : {};
}

/** Objects within an object have what all objects have, whether their author said so or not. */
function withEmbedded(schema: JsonObject, head: JsonObject): JsonObject {
  const inner = (value: Json): Json => {
    const isSchema = typeof value === "object" && value !== null && !Array.isArray(value);
    if (!isSchema) return value;
    const made = withEmbedded(value, head);
    if (made["x-kubernetes-embedded-resource"] !== true) return made;
    const properties = { ...propertiesOf(made), ...head };
    return { ...made, required: ["kind", "apiVersion"], properties };
  };
  const made: JsonObject = { ...schema };
  const named = Object.entries(propertiesOf(schema));
  if (named.length > 0) {
    made["properties"] = Object.fromEntries(named.map(([name, each]) => [name, inner(each)]));
  }
  for (const name of ["items", "additionalProperties"]) {
    const { [name]: value } = schema;
    if (value !== undefined) made[name] = inner(value);
  }
  return made;
}

/** APIs that own types: those that are served and those only spoken. */
function owners(): readonly GroupVersion[] {
  return builtinGroupVersions();
}

/** `com.example.stable.v1.CronTab`. */
function customName({ group, version, kind }: GroupVersionKind): string {
  return [...group.split(".").reverse(), version, kind].join(".");
}
