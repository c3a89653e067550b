/** What the parts of a Pod hand each other while it becomes words. Data only. */
import type { JsonObject } from "./document.ts";
import type { KubeVolumes } from "./kube-volumes.ts";

/** What a container may refer to. */
export interface KubePodSetting {
  readonly name: string;
  readonly metadata: JsonObject;
  readonly spec: JsonObject;
  readonly documents: readonly JsonObject[];
  readonly nodeName: string;
  readonly volumes: KubeVolumes;
  readonly note: (line: string) => void;
}
