/** A pod is resized only on a node that there is. */
import type { Pod } from "@rktnetes/api/types/core-v1";
import type { AdmissionPlugin } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { refused, targetOf, typed } from "./subject.ts";

export function nodeDeclaredFeatureValidator(lookup: Lookup): AdmissionPlugin {
  return {
    name: "NodeDeclaredFeatureValidator",
    validate: async (request) => {
      if (request.operation !== "UPDATE" || targetOf(request) !== "/pods/resize") return;
      const { spec } = typed<Pod>(request.object);
      const name = spec?.nodeName ?? "";
      if (JSON.stringify(spec) === JSON.stringify(typed<Pod>(request.old).spec)) return;
      if (name === "" || (await lookup.find("/nodes", "", name)) !== undefined) return;
      throw refused(request, `node ${JSON.stringify(name)} not found`);
    },
  };
}
