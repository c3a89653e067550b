/**
 * `rkt trust`: keys whose signatures count for images with a certain beginning of their name, or
 * for all images.
 */
import { type TrustHost, trustImageKeys, trustKeys, type TrustOptions } from "@rkt/image";
import { Fault } from "@shared/base";
import { trustKeysFromHttps } from "../flags/global.ts";
import type { Call, Command } from "../grammar/command.ts";
import { switchFlag, textFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { VERSION } from "../version.ts";
import { insecureOf, keyReviewOf, networkOf } from "./image-host.ts";

const insecureAllowHttp = switchFlag({
  name: "insecure-allow-http",
  usage: "allow HTTP use for key discovery and/or retrieval",
});
const cosignKey = textFlag({
  name: "cosign-key",
  usage: "public key, as cosign writes it, that signs container images: a file or a URL",
});
const prefix = textFlag({ name: "prefix", usage: "prefix to limit trust to" });
const root = switchFlag({ name: "root", usage: "add root key from filesystem without a prefix" });
const skipFingerprintReview = switchFlag({
  name: "skip-fingerprint-review",
  usage: "accept key without fingerprint confirmation",
});

export const trust: Command = {
  usage:
    "trust [--prefix=PREFIX] [--insecure-allow-http] [--skip-fingerprint-review] [--root] " +
    "[--cosign-key=PUBKEY | PUBKEY ...]",
  description: [
    "Adds keys to those that signatures of images are checked against.",
    "",
    "PUBKEY is a local file or a URL; without one, keys are looked for at PREFIX.",
    "",
    "A key counts for the images whose names begin with PREFIX, or for all of them with --root,",
    "which needs a key file.",
    "",
    "--cosign-key adds a key for container images. There PREFIX is a registry and the beginning of",
    "a repository, such as docker.io/library.",
  ],
  flags: [cosignKey, insecureAllowHttp, prefix, root, skipFingerprintReview],
  grammar: "anywhere",
  run: addKeys,
};

async function addKeys(host: Host, call: Call): Promise<number | "usage"> {
  const { args, flags } = call;
  const imageKey = flags.get(cosignKey);
  const nothing = args.length === 0 && flags.get(prefix) === "" && !flags.get(root);
  if (nothing && imageKey === "") return "usage";
  if (imageKey !== "") return await addImageKey(host, call, imageKey);
  await trustKeys(trustHostOf(host, call), trustOptions(call));
  return 0;
}

async function addImageKey(host: Host, call: Call, location: string): Promise<number> {
  if (call.args.length > 0) {
    throw new Fault("invalid", "--cosign-key and other keys are mutually exclusive");
  }
  const options = { ...trustOptions(call), locations: [location] };
  await trustImageKeys(trustHostOf(host, call), options);
  return 0;
}

function trustHostOf(host: Host, call: Call): TrustHost {
  const { clock, random, note } = host;
  const effects = { clock, random, note, version: VERSION, ...keyReviewOf(host, call) };
  return Object.assign(networkOf(host, call), effects);
}

function trustOptions(call: Call): TrustOptions {
  const { args, flags } = call;
  return {
    ...(flags.given(prefix) ? { prefix: flags.get(prefix) } : {}),
    root: flags.get(root),
    locations: args,
    allowHttp: flags.get(insecureAllowHttp),
    skipReview: flags.get(skipFingerprintReview),
    trustHttps: flags.get(trustKeysFromHttps),
    insecure: insecureOf(call),
  };
}
