// Runs one command on one target, safely. Knows no domain.
export type { ProgramCommand, RemoteCommand, ShellCommand } from "./command.ts";
export { GRAMMARS, checkName, checkTarget, isName, type Grammar, type NameKind } from "./names.ts";
export { LONGEST_LINE, checkLine, quoteWord, quoteWords } from "./quote.ts";
export type { Capture, CommandEffect, Consent, FanOutOptions, FanOutResult, Remote, RunOptions, Verdict } from "./remote.ts";
export type { CapturedText, RemoteSide, RunResult, RunState } from "./result.ts";
export type { RemoteNode, Target } from "./target.ts";
export type { ExecEnd, ExecRequest, Transport } from "./transport.ts";
