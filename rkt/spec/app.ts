/**
 * The app of appc, as it stands in image manifests and in pod manifests: JSON values flow in, a
 * proven `App` flows out; and back, in the order of fields in which rkt prints them.
 *
 * @see appc 0.8.11, aci.md "Image Manifest Schema", app
 */
import { Fault, quote } from "@shared/base";
import { parseAcName } from "./ac-name.ts";
import type { App, EventHandler, ImagePort, MountPoint, NameValue } from "./appc.ts";
import {
  given,
  readBoolean,
  readInteger,
  readList,
  readObject,
  readText,
  readTextMap,
  readTexts,
} from "./document.ts";
import { sortedMap, unlessEmpty } from "./go-json.ts";
import { readIsolators } from "./isolators.ts";
import { firstRepeated } from "./labels.ts";

const ENVIRONMENT_NAME = /^[A-Za-z_][A-Za-z_0-9.-]*$/;

/** The app of a manifest; undefined where there is none. */
export function readApp(value: unknown, place: string): App | undefined {
  if (value === undefined || value === null) return undefined;
  const app = readObject(value, place);
  const at = (field: string): [unknown, string] => [app[field], `${place}.${field}`];
  return given<App>({
    exec: readTexts(...at("exec")) ?? [],
    user: required("user", readText(...at("user"))),
    group: required("group", readText(...at("group"))),
    supplementaryGIDs: readList(...at("supplementaryGIDs"), readGroupId),
    eventHandlers: readEventHandlers(...at("eventHandlers")),
    workingDirectory: readWorkingDirectory(...at("workingDirectory")),
    environment: readEnvironment(...at("environment")),
    mountPoints: readList(...at("mountPoints"), readMountPoint),
    ports: readList(...at("ports"), readPort),
    isolators: readIsolators(...at("isolators")),
    userAnnotations: readTextMap(...at("userAnnotations")),
    userLabels: readTextMap(...at("userLabels")),
  });
}

/** A port of an image, or the pod's side of an exposed port; a count of 0 means 1. */
export function readPort(value: unknown, place: string): ImagePort {
  const port = readObject(value, place);
  const whole = { min: 0, max: Number.MAX_SAFE_INTEGER };
  const number = readInteger(port["port"], `${place}.port`, whole) ?? 0;
  const count = readInteger(port["count"], `${place}.count`, whole) ?? 0;
  if (number < 1 || number > 65_535) throw new Fault("invalid", "port must be in 1-65535 range");
  if (number + count > 65_536) {
    throw new Fault("invalid", "end of port range must be in 1-65535 range");
  }
  return {
    name: parseAcName(readText(port["name"], `${place}.name`) ?? ""),
    protocol: readText(port["protocol"], `${place}.protocol`) ?? "",
    port: number,
    count: count === 0 ? 1 : count,
    socketActivated: readBoolean(port["socketActivated"], `${place}.socketActivated`) ?? false,
  };
}

/** The app as an object whose keys stand in Go's order, without what Go omits. */
export function orderedApp(app: App): object {
  return {
    exec: app.exec.length === 0 ? null : app.exec,
    eventHandlers: unlessEmpty(app.eventHandlers)?.map(orderedEventHandler),
    user: app.user,
    group: app.group,
    supplementaryGIDs: unlessEmpty(app.supplementaryGIDs),
    workingDirectory: app.workingDirectory === "" ? undefined : app.workingDirectory,
    environment: unlessEmpty(app.environment)?.map(orderedPair),
    mountPoints: unlessEmpty(app.mountPoints)?.map(orderedMountPoint),
    ports: unlessEmpty(app.ports)?.map(orderedPort),
    isolators: unlessEmpty(app.isolators)?.map(orderedPair),
    userAnnotations: sortedMap(app.userAnnotations),
    userLabels: sortedMap(app.userLabels),
  };
}

/** A port as an object whose keys stand in Go's order. */
export function orderedPort(port: ImagePort): object {
  const { name, protocol, port: number, count = 1, socketActivated = false } = port;
  return { name, protocol, port: number, count, socketActivated };
}

/** A pair of name and value, in that order. */
export function orderedPair(pair: { readonly name: string; readonly value: unknown }): object {
  return { name: pair.name, value: pair.value };
}

function orderedMountPoint({ name, path, readOnly }: MountPoint): object {
  return { name, path, readOnly: readOnly === true ? true : undefined };
}

function orderedEventHandler(handler: EventHandler): object {
  return { name: handler.name, exec: handler.exec.length === 0 ? null : handler.exec };
}

function required(field: "user" | "group", text: string | undefined): string {
  if (text === undefined || text === "") throw new Fault("invalid", `${field} is required`);
  return text;
}

function readGroupId(value: unknown, place: string): number {
  return readInteger(value, place, { min: 0, max: 0xffff_ffff }) ?? 0;
}

function readWorkingDirectory(value: unknown, place: string): string | undefined {
  const path = readText(value, place) ?? "";
  if (path === "") return undefined;
  if (path.startsWith("/")) return path;
  throw new Fault("invalid", "workingDirectory must be an absolute path");
}

function readEventHandlers(value: unknown, place: string): EventHandler[] | undefined {
  const handlers = readList(value, place, readEventHandler);
  const twice = firstRepeated((handlers ?? []).map((handler) => handler.name));
  if (twice !== undefined) {
    throw new Fault("invalid", `Only one eventHandler of name ${quote(twice)} allowed`);
  }
  return handlers;
}

function readEventHandler(value: unknown, place: string): EventHandler {
  const handler = readObject(value, place);
  const name = readText(handler["name"], `${place}.name`) ?? "";
  if (name === "") throw new Fault("invalid", 'eventHandler "name" cannot be empty');
  if (name !== "pre-start" && name !== "post-stop") {
    throw new Fault("invalid", `bad eventHandler "name": ${quote(name)}`);
  }
  return { name, exec: readTexts(handler["exec"], `${place}.exec`) ?? [] };
}

function readEnvironment(value: unknown, place: string): NameValue[] | undefined {
  const environment = readList(value, place, readVariable);
  const twice = firstRepeated((environment ?? []).map((variable) => variable.name));
  if (twice !== undefined) {
    throw new Fault("invalid", `duplicate environment variable of name ${quote(twice)}`);
  }
  return environment;
}

function readVariable(value: unknown, place: string): NameValue {
  const variable = readObject(value, place);
  const name = readText(variable["name"], `${place}.name`) ?? "";
  if (name === "") throw new Fault("invalid", "environment variable name must not be empty");
  if (!ENVIRONMENT_NAME.test(name)) {
    const problem = "environment variable does not have valid identifier";
    throw new Fault("invalid", `${problem} ${quote(name)}`);
  }
  return { name, value: readText(variable["value"], `${place}.value`) ?? "" };
}

function readMountPoint(value: unknown, place: string): MountPoint {
  const point = readObject(value, place);
  const path = readText(point["path"], `${place}.path`) ?? "";
  if (path === "") throw new Fault("invalid", "path must be set");
  return given<MountPoint>({
    name: parseAcName(readText(point["name"], `${place}.name`) ?? ""),
    path,
    readOnly: readBoolean(point["readOnly"], `${place}.readOnly`),
  });
}
