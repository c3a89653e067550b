/** Whether text is JSON, in the words of Go's parser. In: text. Out: what is wrong. Pure. */
import { Fault } from "@shared/base";
import { parseExactJson } from "../codec/json-text.ts";

/** Undefined when the text is JSON. */
export function jsonProblem(text: string): string | undefined {
  try {
    parseExactJson(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return error.message;
  }
}
