/** `rkt events`: what happened and what happens to pods and their apps, a line for each. */
import { followNotices, type Notice } from "@rkt/stage0";
import process from "node:process";
import { Fault, formatTime, parseDuration, quote } from "@shared/base";
import { dir } from "../flags/global.ts";
import type { Call, Command } from "../grammar/command.ts";
import { choiceFlag, type Flag, listFlag, optionalFlag, switchFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { formatJson } from "../output/json.ts";
import { stage0HostOf } from "./stage0-host.ts";

const KEYS = ["type", "event", "pod", "app"] as const;

interface Filter {
  readonly key: (typeof KEYS)[number];
  readonly value: string;
}

/** A duration before now, or a point in time. */
type When = { readonly agoMs: number } | { readonly ms: number };

const filter: Flag<readonly Filter[]> = listFlag(
  {
    name: "filter",
    usage:
      "only these, as KEY=VALUE; keys are type, event, pod and app, several values of one key " +
      "are alternatives",
  },
  readFilter,
);
const follow = switchFlag({ name: "follow", usage: "go on with what happens from now on" }, true);
const format = choiceFlag(
  { name: "format", usage: "'json' prints an object on each line", shown: "" },
  ["", "json"],
  "",
  (text) => `Invalid format option: ${text}`,
);
const since = whenFlag("since", "begin with what happened then or later; now unless told");
const until = whenFlag("until", "end with what happened before");

export const events: Command = {
  usage: "events [--since=WHEN] [--until=WHEN] [--filter=KEY=VALUE] [--follow=false]",
  description: [
    "Prints a line whenever a pod is created, started, has exited or is removed, and whenever an",
    "app of a pod is added, started, has exited or is removed.",
    "",
    "WHEN is a time such as 2026-01-31T12:00:00Z, or a duration before now such as 10m. What",
    "happened to pods that have been removed is not known any more.",
  ],
  flags: [filter, follow, format, since, until],
  grammar: "anywhere",
  run: printEvents,
};

async function printEvents(host: Host, call: Call): Promise<number | "usage"> {
  if (call.args.length > 0) return "usage";
  const nowMs = host.clock.now();
  const { flags } = call;
  const fromMs = timeOf(flags.get(since), nowMs) ?? nowMs;
  const toMs = timeOf(flags.get(until), nowMs) ?? Number.POSITIVE_INFINITY;
  const filters = flags.get(filter);
  const ended = new AbortController();
  const end = (): void => ended.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, end);
  const { signal } = ended;
  if (toMs > nowMs && toMs < Number.POSITIVE_INFINITY) {
    host.clock.sleep(toMs - nowMs, signal).then(end, () => undefined);
  }
  const isOpen = flags.get(follow) && toMs > nowMs;
  const options = { follow: isOpen, signal };
  for await (const notice of followNotices(stage0HostOf(host, call), flags.get(dir), options)) {
    if (notice.timeMs < fromMs || notice.timeMs >= toMs || !passes(notice, filters)) continue;
    host.print(flags.get(format) === "json" ? formatJson(document(notice), "json") : line(notice));
  }
  return 0;
}

function passes(notice: Notice, filters: readonly Filter[]): boolean {
  return KEYS.every((key) => {
    const wanted = filters.filter((each) => each.key === key);
    return wanted.length === 0 || wanted.some(({ value }) => matches(notice, key, value));
  });
}

function matches(notice: Notice, key: Filter["key"], value: string): boolean {
  if (key !== "pod") return notice[key] === value;
  return notice.name === value || (value.length >= 8 && notice.uuid.startsWith(value));
}

function line({ timeMs, type, event, uuid, name, app, status }: Notice): string {
  const more = [
    ...(name === undefined ? [] : [`name=${name}`]),
    ...(app === undefined ? [] : [`app=${app}`]),
    ...(status === undefined ? [] : [`status=${status}`]),
  ];
  return `${[formatTime(timeMs), type, event, uuid, ...more].join(" ")}\n`;
}

function document({ timeMs, type, event, uuid, name, app, status }: Notice): object {
  const time = new Date(timeMs).toISOString();
  return { time, type, event, pod: uuid, pod_name: name, app, exit_code: status };
}

function readFilter(text: string): Filter {
  const at = text.indexOf("=");
  const key = KEYS.find((each) => each === text.slice(0, at));
  if (key !== undefined) return { key, value: text.slice(at + 1) };
  throw new Fault("invalid", `${quote(text)} is no filter`, {
    hint: `KEY=VALUE, where KEY is one of: ${KEYS.join(", ")}`,
  });
}

function whenFlag(name: string, usage: string): Flag<When | undefined> {
  return optionalFlag({ name, usage }, readWhen);
}

function readWhen(text: string): When {
  if (/^\d{4}-\d\d-\d\d/.test(text)) {
    const ms = Date.parse(text);
    if (!Number.isNaN(ms)) return { ms };
    throw new Fault("invalid", `${quote(text)} is no time`);
  }
  return { agoMs: parseDuration(text) };
}

function timeOf(when: When | undefined, nowMs: number): number | undefined {
  if (when === undefined) return undefined;
  return "ms" in when ? when.ms : nowMs - when.agoMs;
}
