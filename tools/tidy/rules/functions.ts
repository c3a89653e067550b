/** All functions of a source with a body, for the rules about them. In: a source. Out: a list. */
import { type ArrowFunctionExpression, type Function as FunctionNode, Visitor } from "oxc-parser";
import type { Source } from "../source.ts";

type AnyFunction = FunctionNode | ArrowFunctionExpression;

export function functionsOf(source: Source): AnyFunction[] {
  const found: AnyFunction[] = [];
  const add = (node: AnyFunction): void => {
    if (node.body !== null) found.push(node);
  };
  new Visitor({
    FunctionDeclaration: add,
    FunctionExpression: add,
    ArrowFunctionExpression: add,
  }).visit(source.program);
  return found;
}
