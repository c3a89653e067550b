/**
 * The keys that end a client without ending the app: `ctrl-p,ctrl-q` as in docker and podman. Bytes
 * of the keyboard flow in, those that are for the app flow out. Pure.
 */
import { Fault, quote } from "@shared/base";

export const DEFAULT_DETACH_KEYS = "ctrl-p,ctrl-q";

/** `ctrl-a`, `ctrl-@`, `x`, joined by commas → bytes. @throws {Fault} "invalid" */
export function parseDetachKeys(text: string): Uint8Array {
  return Uint8Array.from(text.split(","), (key) => {
    const [, control] = /^ctrl-([a-z@[\\\]^_])$/.exec(key) ?? [];
    if (control !== undefined) return control.toUpperCase().charCodeAt(0) - 64;
    if (/^[!-~]$/.test(key)) return key.charCodeAt(0);
    throw new Fault("invalid", `${quote(text)} are no detach keys`, {
      hint: "they are letters or ctrl-LETTER, with commas between them",
    });
  });
}

/** Finds the keys in what is typed; keys that may be their beginning wait for the next one. */
export class DetachKeys {
  readonly #keys: Uint8Array;
  /** A beginning of the keys. */
  #waiting: number[] = [];

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** What is for the app, and whether the person has asked to detach. */
  add(chunk: Uint8Array): { readonly passed: Buffer; readonly isDetached: boolean } {
    const passed: number[] = [];
    for (const byte of chunk) {
      this.#waiting.push(byte);
      while (!this.#isBeginning()) passed.push(this.#waiting.shift() ?? 0);
      if (this.#waiting.length === this.#keys.length) {
        return { passed: Buffer.from(passed), isDetached: true };
      }
    }
    return { passed: Buffer.from(passed), isDetached: false };
  }

  #isBeginning(): boolean {
    return this.#waiting.every((byte, at) => byte === this.#keys[at]);
  }
}
