// Inert values to MCP server and command line: define, shape, refuse, serve. Knows no domain and no Temporal.
import "./start-up/jitless.ts";

export { decideByForm, type FormEnd } from "./approvals/decide-by-form.ts";
export { decideRun, type RunDecisionPort } from "./approvals/decide-run.ts";
export type { PresentedAnswer } from "./calls/believe-answer.ts";
export { callTool, type CallOptions, type CallOutcome, type MintedAsk } from "./calls/call-tool.ts";
export { firstSentence, listTool, listTools, toolTable, type ListedTool } from "./catalog.ts";
export { didYouMean } from "./calls/did-you-mean.ts";
export { refuse, type Failure } from "./calls/failure.ts";
export { hostileInput } from "./calls/hostile-input.ts";
export { hintsOf, metaOf, type Hints } from "./hints.ts";
export { quoteData } from "./text/quote-data.ts";
export { definePrompt, resourcesFor, type ListedResource, type Prompt, type Resource } from "./resources/resource.ts";
export { toolsetProblems, toolsetsOf, withheldBecause, type ServerDefinition } from "./server-definition.ts";
export type { ExtendedAnswer, ExtendedRequest, SdkExtension } from "./sdk/sdk-extension.ts";
export { loadServer, serveStdio } from "./stdio/serve-stdio.ts";
export { definitionOf, serverDeps, type ServerDeps } from "./server-deps.ts";
export { readServerConfig, type ServerConfig } from "./server-config.ts";
export { wholeServer, type ServerParts } from "./whole-server.ts";
export { guardProcess } from "./stdio/process-guard.ts";
export { END_WITHIN_MS, type StdioIo } from "./start-up/serve-opening.ts";
export {
  defineTool,
  isAsk,
  toolsFor,
  type Answer,
  type Ask,
  type Call,
  type Effect,
  type FormField,
  type FormSchema,
  type Tool,
  type ToolResult,
} from "./tool.ts";
export { httpCommand } from "./command-line/http-command.ts";
export { tokenCommand } from "./command-line/token-command.ts";
export { configCommand } from "./command-line/config-command.ts";
export { callCommand } from "./command-line/call-command.ts";
export { exitCodeOf } from "./command-line/exit-code.ts";
export { serverChecks } from "./command-line/server-checks.ts";
export { colorWish, processTerminal, type ColorWish, type StandardStreams } from "./command-line/process-terminal.ts";
export { installCommands } from "./command-line/install-commands.ts";
export { runBin, type Bin } from "./command-line/run-bin.ts";
