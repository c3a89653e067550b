/** `rkt app add`: a stored image becomes an app of a running mutable pod. It is not started yet. */
import { addApp } from "@rkt/stage0";
import { Fault } from "@shared/base";
import type { Store, StoredImage } from "@rkt/image";
import { APP_FLAGS, mountVolume, signature } from "../flags/app.ts";
import { STDIO_FLAGS } from "../flags/stdio.ts";
import type { AppArguments } from "../grammar/app-arguments.ts";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { findUnpackedImage } from "./find-unpacked-image.ts";
import { openPodOf } from "./open-pod.ts";
import { openStoreOf } from "./open-store.ts";
import { appRequest, treeCopier } from "./prepare-pod.ts";
import { stage0HostOf } from "./stage0-host.ts";

/** The image is in the store: its signature was looked at when it came there. */
const FLAGS = [...APP_FLAGS.filter((flag) => flag !== signature), mountVolume, ...STDIO_FLAGS];

export const appAdd: Command = {
  usage: "app add UUID IMAGEID ...",
  description: [
    "This adds an application available in the local image store to a running mutable pod.",
  ],
  flags: FLAGS,
  grammar: "images",
  appArguments: true,
  needsRoot: true,
  run: addOne,
};

/** The pod stands where the grammar expects an image. */
async function addOne(host: Host, call: Call): Promise<number> {
  const [place, app, more] = call.apps;
  if (place === undefined || app === undefined) {
    throw new Fault("invalid", "must provide the pod UUID and an IMAGEID");
  }
  const misplaced = FLAGS.find((flag) => place.flags.given(flag));
  if (misplaced !== undefined || place.args.length > 0) {
    const cause = new Fault("invalid", `--${misplaced?.name ?? ""} must follow an image`);
    throw new Fault("invalid", "error parsing app image arguments", { cause });
  }
  if (more !== undefined) throw new Fault("invalid", "must give only one app");
  using pod = openPodOf(call, place.image);
  using store = openStoreOf(host, call);
  const image = await findImageOf(host, call, store, app);
  store.touch(image.id, host.clock.now());
  const copying = await treeCopier();
  try {
    addApp(stage0HostOf(host, call), pod, { ...appRequest(host, call, app, image), ...copying });
  } catch (cause) {
    throw new Fault(Fault.from(cause).kind, "error adding app to pod", { cause });
  }
  return 0;
}

async function findImageOf(
  host: Host,
  call: Call,
  store: Store,
  { image }: AppArguments,
): Promise<StoredImage> {
  try {
    return await findUnpackedImage(host, call, store, image);
  } catch (cause) {
    throw new Fault(Fault.from(cause).kind, "error finding images", { cause });
  }
}
