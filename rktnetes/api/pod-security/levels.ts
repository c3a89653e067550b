/** The levels and versions of the Pod Security Standards, and the labels that ask for them. */
import { type FieldError, invalid } from "../validate/field-error.ts";

export type Level = "privileged" | "baseline" | "restricted";

/** A level as one version of Kubernetes has it. */
export interface LevelVersion {
  readonly level: Level;
  /** The minor version; undefined for the latest. */
  readonly minor: number | undefined;
}

export type Mode = "enforce" | "audit" | "warn";

export type Policy = Readonly<Record<Mode, LevelVersion>>;

const PREFIX = "pod-security.kubernetes.io/";
const LEVELS: readonly string[] = ["privileged", "baseline", "restricted"];
const MODES: readonly Mode[] = ["enforce", "audit", "warn"];
const VERSION = /^v1\.(0|[1-9]\d*)$/;

/** `restricted:latest`, `baseline:v1.24`: as it stands in messages. */
export function levelName({ level, minor }: LevelVersion): string {
  return `${level}:${minor === undefined ? "latest" : `v1.${minor}`}`;
}

type Labels = Readonly<Record<string, string>>;

/** What the labels of a namespace ask for. A level that there is not is the strictest one. */
export function policyOf(labels: Labels): Policy {
  return {
    enforce: levelOf(labels, "enforce", "restricted"),
    audit: levelOf(labels, "audit", "privileged"),
    warn: levelOf(labels, "warn", "privileged"),
  };
}

function levelOf(labels: Labels, mode: Mode, otherwise: Level): LevelVersion {
  const asked = labels[`${PREFIX}${mode}`];
  const [, minor] = VERSION.exec(labels[`${PREFIX}${mode}-version`] ?? "") ?? [];
  const level = asked === undefined ? "privileged" : LEVELS.includes(asked) ? asked : otherwise;
  return { level: level as Level, minor: minor === undefined ? undefined : Number(minor) };
}

/** What is wrong with the labels of a namespace. */
export function labelErrors(labels: Labels): readonly FieldError[] {
  return MODES.flatMap((mode) => {
    const errors: FieldError[] = [];
    const level = labels[`${PREFIX}${mode}`];
    if (level !== undefined && !LEVELS.includes(level)) {
      const why = `must be one of ${LEVELS.join(", ")}`;
      errors.push(invalid(`metadata.labels[${PREFIX}${mode}]`, level, why));
    }
    const version = labels[`${PREFIX}${mode}-version`];
    if (version !== undefined && version !== "latest" && !VERSION.test(version)) {
      const field = `metadata.labels[${PREFIX}${mode}-version]`;
      errors.push(invalid(field, version, 'must be "latest" or "v1.x"'));
    }
    return errors;
  });
}

/** True where the second policy lets through less than the first. */
export function isStricter(before: LevelVersion, after: LevelVersion): boolean {
  if (after.level === "privileged") return false;
  return before.level !== after.level || before.minor !== after.minor;
}
