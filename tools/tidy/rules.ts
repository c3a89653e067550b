/**
 * All rules, in the order in which they are reported. A new rule is a file in rules/ and a line
 * here.
 */
import type { Rule } from "./finding.ts";
import { bannedNames } from "./rules/banned-names.ts";
import { bannedWords } from "./rules/banned-words.ts";
import { borders } from "./rules/borders.ts";
import { crashPoints } from "./rules/crash-points.ts";
import { deadFiles } from "./rules/dead-files.ts";
import { deadLinks } from "./rules/dead-links.ts";
import { documentedExports } from "./rules/documented-exports.ts";
import { fileHeader } from "./rules/file-header.ts";
import { fileSize } from "./rules/file-size.ts";
import { functionSize } from "./rules/function-size.ts";
import { importCycles } from "./rules/import-cycles.ts";
import { lineLength } from "./rules/line-length.ts";
import { namedExports } from "./rules/named-exports.ts";
import { parameterCount } from "./rules/parameter-count.ts";
import { roomOrder } from "./rules/room-order.ts";

export const RULES: readonly Rule[] = [
  borders,
  roomOrder,
  importCycles,
  deadFiles,
  bannedWords,
  bannedNames,
  namedExports,
  documentedExports,
  crashPoints,
  fileHeader,
  fileSize,
  functionSize,
  parameterCount,
  lineLength,
  deadLinks,
];
