// Expressions of definitions: CEL, bounded in time and size, the same on every machine. May be loaded in workflow code.
export { canonicalJson, digestOf, sha256Hex } from "./canonical-json.ts";
export { BUILT_IN, checkTypes, type TypeCheck, type ValueType } from "./check-types.ts";
export { compileExpression, evaluate, evaluateCondition, type CompiledExpression } from "./compile.ts";
export { durationOf } from "./duration.ts";
export { expressionFunctions } from "./environment.ts";
export { ExpressionError, type ExpressionErrorCode } from "./expression-error.ts";
export { linearRegex } from "./regex.ts";
export type { Reference } from "./references.ts";
export type { Scope } from "./scope.ts";
export { fillTemplate, fillToText, templateExpressions, templateParts, type TemplatePart } from "./template.ts";
