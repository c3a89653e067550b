/**
 * A watch from its request to its end. The headers go out before the first event; the end comes
 * from the client, its timeout, or because it reads too slowly. @throws {StatusFault} before the
 * headers
 */
import { readListQuery } from "../registry/options/list-options.ts";
import { openWatch } from "../registry/watch.ts";
import type { ResourceCall } from "./resource-call.ts";
import { negotiate } from "./negotiate.ts";
import { WatchStream } from "./watch-stream.ts";

/** Without a wish of the client a watch ends after so long, or up to twice so long. */
const TIMEOUT_S = 1800;

export async function serveWatch(call: ResourceCall, search: URLSearchParams): Promise<undefined> {
  const { request, path, server, kind, outlet } = call;
  const { clock } = server.host;
  const resource = await server.registry.resource(kind);
  const offer = { canStream: true, hasProtobuf: kind.hasProtobuf, hasTables: true };
  const form = negotiate(request.header("accept"), offer);
  const query = readListQuery(search, true);
  const stop = new AbortController();
  const signal = AbortSignal.any([request.signal(), server.stopping, stop.signal]);
  const include = request.query.get("includeObject");
  const includeObject = include === "Object" || include === "None" ? include : "Metadata";
  const view = { form, resource, includeObject, nowMs: clock.now() } as const;
  const encode =
    form.mediaType === "application/vnd.kubernetes.protobuf"
      ? (await import("./protobuf-form.ts")).protobufFrame
      : undefined;
  const hooks = { stop: () => stop.abort(), clock, signal, encode };
  const sink = new WatchStream(outlet, view, hooks);
  const run = await openWatch(server.registry, resource, {
    namespace: path.namespace,
    query,
    sink,
    signal,
  });
  outlet.begin(200, { "content-type": streamType(form.mediaType) });
  const seconds = query.timeoutSeconds ?? TIMEOUT_S * (1 + server.host.random());
  void clock.sleep(seconds * 1000, signal).then(hooks.stop, () => undefined);
  await run();
  stop.abort();
  outlet.end();
  return undefined;
}

function streamType(mediaType: string): string {
  return mediaType === "application/vnd.kubernetes.protobuf"
    ? `${mediaType};stream=watch`
    : mediaType;
}
