/**
 * Lines of apps in the form of the system journal. Pure.
 *
 * @see systemd, "Native Journal Protocol"
 */

export const JOURNAL_SOCKET = "/run/systemd/journal/socket";

export interface JournalLine {
  readonly uuid: string;
  readonly app: string;
  readonly stream: "stdout" | "stderr";
  readonly text: Uint8Array;
  /** False where the line goes on in the next entry. */
  readonly isWhole: boolean;
}

/** syslog's levels: info and error. */
const PRIORITY = { stdout: "6", stderr: "3" } as const;

/** One entry, with the fields by which `journalctl -t APP` and `RKT_POD_UUID=` find it. */
export function journalEntry({ uuid, app, stream, text, isWhole }: JournalLine): Buffer {
  const fields: readonly (readonly [string, string])[] = [
    ["PRIORITY", PRIORITY[stream]],
    ["SYSLOG_IDENTIFIER", app],
    ["RKT_POD_UUID", uuid],
    ["RKT_APP", app],
    ["RKT_STREAM", stream],
    ["CONTAINER_ID", uuid],
    ["CONTAINER_NAME", app],
    ...(isWhole ? [] : ([["CONTAINER_PARTIAL_MESSAGE", "true"]] as const)),
  ];
  const head = fields.map(([name, value]) => `${name}=${value}\n`).join("");
  // With its length before it, a message may hold any byte.
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([Buffer.from(`${head}MESSAGE\n`), length, text, Buffer.from("\n")]);
}
