/** `--platform`: which image of an index is meant. */
import process from "node:process";
import { type Platform, parsePlatform, platformOf } from "@rkt/spec";
import { type Flag, optionalFlag } from "../grammar/flag.ts";

export const platform: Flag<Platform | undefined> = optionalFlag(
  {
    name: "platform",
    usage: "platform of container images, OS/ARCH[/VARIANT], instead of this machine's",
  },
  parsePlatform,
);

/** The platform of this machine. */
export function ownPlatform(): Platform {
  return platformOf(process.platform, process.arch);
}
