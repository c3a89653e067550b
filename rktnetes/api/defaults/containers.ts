/** Defaults of containers, of any of the three sorts. In: decoded containers, changed in place. */
import type { JsonObject } from "../schema/schema.ts";
import { findObject, readList, readObject } from "../strategy/object-at.ts";
import { fill, fillAll } from "./fill.ts";
import { pullPolicyOf } from "./image-tag.ts";
import { roundAmounts } from "./resource-list.ts";

const PROBES = ["livenessProbe", "readinessProbe", "startupProbe"] as const;
const PROBE = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };

export function containerDefaults(container: JsonObject): void {
  fill(container, "imagePullPolicy", pullPolicyOf(container["image"]));
  fill(container, "terminationMessagePath", "/dev/termination-log");
  fill(container, "terminationMessagePolicy", "File");
  for (const port of readList(container, "ports")) fill(port, "protocol", "TCP");
  for (const side of ["limits", "requests"]) roundAmounts(readObject(container, "resources"), side);
  for (const entry of readList(container, "env")) envDefaults(readObject(entry, "valueFrom"));
  for (const field of PROBES) {
    const probe = findObject(container, field);
    if (probe !== undefined) probeDefaults(probe);
  }
  const lifecycle = readObject(container, "lifecycle");
  httpDefaults(readObject(lifecycle, "postStart"));
  httpDefaults(readObject(lifecycle, "preStop"));
}

function envDefaults(source: JsonObject): void {
  const fieldRef = findObject(source, "fieldRef");
  if (fieldRef !== undefined) fill(fieldRef, "apiVersion", "v1");
  const fileKey = findObject(source, "fileKeyRef");
  if (fileKey !== undefined) fill(fileKey, "optional", false);
}

function probeDefaults(probe: JsonObject): void {
  fillAll(probe, PROBE);
  httpDefaults(probe);
  const grpc = findObject(probe, "grpc");
  if (grpc !== undefined) fill(grpc, "service", "");
}

function httpDefaults(handler: JsonObject): void {
  const httpGet = findObject(handler, "httpGet");
  if (httpGet !== undefined) fillAll(httpGet, { path: "/", scheme: "HTTP" });
}
