/** How often an image is pulled when nobody says so: always where its name may mean another one. */
import type { Json } from "../schema/schema.ts";

/** `Always` for the tag `latest` or none, unless there is a digest. */
export function pullPolicyOf(image: Json | undefined): "Always" | "IfNotPresent" {
  const reference = typeof image === "string" ? image : "";
  if (reference.includes("@")) return "IfNotPresent";
  const name = reference.slice(reference.lastIndexOf("/") + 1);
  const tag = name.includes(":") ? name.slice(name.lastIndexOf(":") + 1) : "latest";
  return tag === "latest" ? "Always" : "IfNotPresent";
}
