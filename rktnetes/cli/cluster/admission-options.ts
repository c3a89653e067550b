/** Which admission plug-ins are on. In: flags. Out: names. @throws {Fault} "invalid" */
import { choosePlugins } from "@rktnetes/apiserver/admission/plugin-names";
import type { Flag, FlagValues } from "../flags/flags.ts";

export const ADMISSION_FLAGS: readonly Flag[] = [
  {
    name: "enable-admission-plugins",
    value: "LIST",
    usage: "these have their say beside the usual ones",
  },
  { name: "disable-admission-plugins", value: "LIST", usage: "these of the usual ones have not" },
];

export function readAdmissionPlugins(flags: FlagValues): ReadonlySet<string> {
  const names = (flag: string): readonly string[] =>
    (flags.get(flag) ?? "").split(",").filter((name) => name !== "");
  return choosePlugins(names("enable-admission-plugins"), names("disable-admission-plugins"));
}
