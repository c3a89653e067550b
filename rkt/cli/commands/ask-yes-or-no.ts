/** A question to the person at the terminal, repeated until the answer is one of two words. */
import { readSync } from "node:fs";
import { Fault } from "@shared/base";
import type { Host } from "../host.ts";

/** Reads standard input line by line. @throws {Fault} "canceled" at its end */
export function askYesOrNo(host: Pick<Host, "print">, question: string): boolean {
  for (;;) {
    host.print(`${question}\n`);
    const answer = readLine();
    if (answer === undefined) throw new Fault("canceled", "read the answer: standard input ended");
    if (answer === "yes" || answer === "no") return answer === "yes";
    host.print("Please enter 'yes' or 'no'\n");
  }
}

/** Byte by byte, so that what follows the line is left for the next question. */
function readLine(): string | undefined {
  const bytes: number[] = [];
  const one = Buffer.alloc(1);
  while (readSync(0, one) === 1) {
    const byte = one.readUInt8(0);
    if (byte === 10) return Buffer.from(bytes).toString("utf8").trim();
    bytes.push(byte);
  }
  return undefined;
}
