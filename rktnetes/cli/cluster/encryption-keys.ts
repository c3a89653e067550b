/**
 * The keys that hide Secrets on the disk. In: the data directory or a file of the administrator.
 * Out: rules. Makes a key on the first start, that its owner alone can read.
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseYaml } from "@rktnetes/api/codec/yaml";
import {
  type EncryptionRule,
  readEncryptionConfig,
} from "@rktnetes/apiserver/storage/encryption/config";
import { Fault, quote, writeFileAtomic } from "@shared/base";
import type { StoreSettings } from "./store-options.ts";

const KEY_BYTES = 32;

export async function encryptionRules(settings: StoreSettings): Promise<readonly EncryptionRule[]> {
  const { dataDirectory, encryptionFile } = settings;
  if (encryptionFile !== undefined) return await readRules(encryptionFile);
  const file = join(dataDirectory, "store", "encryption.json");
  if (!existsSync(file)) makeKey(file);
  return await readRules(file);
}

async function readRules(file: string): Promise<readonly EncryptionRule[]> {
  try {
    const text = readFileSync(file, "utf8");
    const isJson = text.trimStart().startsWith("{");
    return readEncryptionConfig(isJson ? JSON.parse(text) : (await parseYaml(text)).tree);
  } catch (error) {
    const kind = error instanceof SyntaxError ? "invalid" : Fault.from(error).kind;
    throw new Fault(kind, `read the encryption keys in ${quote(file)}`, { cause: error });
  }
}

/** An EncryptionConfiguration: more keys can be put in front of this one. */
function makeKey(file: string): void {
  const secret = randomBytes(KEY_BYTES).toString("base64");
  const config = {
    kind: "EncryptionConfiguration",
    apiVersion: "apiserver.config.k8s.io/v1",
    resources: [
      {
        resources: ["secrets"],
        providers: [{ aesgcm: { keys: [{ name: "key1", secret }] } }, { identity: {} }],
      },
    ],
  };
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileAtomic(file, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
  } catch (error) {
    throw new Fault("denied", `write ${quote(file)}`, { cause: error });
  }
}
