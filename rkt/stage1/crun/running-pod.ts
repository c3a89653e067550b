/** What the parts of the supervisor hand each other. Data only. */
import type { PodManifest } from "@rkt/spec";
import type { Clock } from "@shared/base";
import type { Kernel } from "@shared/linux";
import type { RunArguments } from "../contract.ts";
import type { AttachServer } from "./attach-server.ts";
import type { CgroupPlace } from "./cgroup-place.ts";
import type { PodInit } from "./pod-init.ts";
import type { HostService } from "./host-service.ts";
import type { PodSignals } from "./signals.ts";

/** One pod while it runs. */
export interface RunningPod {
  readonly directory: string;
  readonly manifest: PodManifest;
  readonly options: RunArguments;
  readonly cgroups: CgroupPlace;
  readonly init: PodInit;
  readonly signals: PodSignals;
  /** Where others attach to the apps. */
  readonly attach: AttachServer;
  /** Whoever started the supervisor as a service. */
  readonly service: HostService;
  /** Where its apps find the metadata service; undefined where the pod is not registered. */
  readonly metadataUrl?: string | undefined;
}

/** What the supervisor needs of the world. */
export interface Stage1Host {
  readonly clock: Clock;
  readonly kernel: Kernel;
  /** One line for the person who runs the pod. */
  readonly note: (line: string) => void;
}
