/** What Go calls a type; its messages name types so. In: a schema. Out: `[]v1.Container`. */
import type { Scalar, TypeSchema } from "../schema/schema.ts";

const SCALARS: Readonly<Partial<Record<Scalar, string>>> = {
  boolean: "bool",
  double: "float64",
  bytes: "[]uint8",
  any: "runtime.RawExtension",
  quantity: "resource.Quantity",
  "int-or-string": "intstr.IntOrString",
  time: "v1.Time",
  "micro-time": "v1.MicroTime",
  duration: "v1.Duration",
};

export function goTypeOf(type: TypeSchema): string {
  if (type.goType !== undefined) return type.goType;
  if (type.kind === "list") return `[]${goTypeOf(type.items)}`;
  if (type.kind === "map") return `map[string]${goTypeOf(type.values)}`;
  if (type.kind === "object") return "map[string]interface {}";
  return SCALARS[type.scalar] ?? type.scalar;
}
