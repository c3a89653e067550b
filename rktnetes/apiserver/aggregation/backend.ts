/**
 * Another API server that answers for a group and version, as its APIService names it. In: the
 * object. Out: a value that routing and checks read. Pure.
 */
import type { APIService } from "@rktnetes/api/types/apiregistration-v1";

/** An API that somebody else serves. */
export interface Backend {
  /** Of the APIService. */
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly groupPriority: number;
  readonly versionPriority: number;
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number };
  /** PEM of whoever signs its certificate; what the machine trusts without it. */
  readonly authority: string | undefined;
  readonly isInsecure: boolean;
  readonly isAvailable: boolean;
}

/** What is known of a backend. */
export interface Availability {
  readonly isAvailable: boolean;
  readonly reason: string;
  readonly message: string;
}

/** Local ones need no check. */
export const LOCAL: Availability = {
  isAvailable: true,
  reason: "Local",
  message: "Local APIServices are always available",
};

const HTTPS = 443;

/** Undefined for what this server serves itself. */
export function backendOf({ metadata, spec, status }: APIService): Backend | undefined {
  const { service, caBundle = "" } = spec;
  if (service === undefined) return undefined;
  const { namespace = "", name = "", port = HTTPS } = service;
  const available = status.conditions?.find(({ type }) => type === "Available");
  return {
    name: metadata.name ?? "",
    group: spec.group ?? "",
    version: spec.version ?? "",
    groupPriority: spec.groupPriorityMinimum,
    versionPriority: spec.versionPriority,
    service: { namespace, name, port },
    authority: caBundle === "" ? undefined : Buffer.from(caBundle, "base64").toString(),
    isInsecure: spec.insecureSkipTLSVerify === true,
    isAvailable: available?.status === "True",
  };
}

/** The name that the certificate of a service must have. */
export function serverNameOf({ service }: Backend): string {
  return `${service.name}.${service.namespace}.svc`;
}

/** Where a group and version lie. */
export function pathOf({ group, version }: Pick<Backend, "group" | "version">): string {
  return group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
}
