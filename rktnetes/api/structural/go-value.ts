/** Values as Go prints them with their type, for messages. Pure. */
import type { Json } from "../schema/schema.ts";

/** What `%v` and `%T` say of a value. */
export function goType(value: Json): readonly [string, string] {
  if (value === null) return ["<nil>", "<nil>"];
  if (typeof value === "string") return [value, "string"];
  if (typeof value === "boolean") return [String(value), "bool"];
  if (typeof value === "bigint") return [String(value), "int64"];
  if (typeof value === "number")
    return [String(value), Number.isInteger(value) ? "int64" : "float64"];
  if (Array.isArray(value))
    return [`[${value.map((each) => goType(each)[0]).join(" ")}]`, "[]interface {}"];
  const members = Object.keys(value).sort();
  const shown = members.map((name) => `${name}:${goType(value[name] ?? null)[0]}`).join(" ");
  return [`map[${shown}]`, "map[string]interface {}"];
}
