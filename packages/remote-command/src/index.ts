// Runs one command on one target, safely. Knows no domain.
export type { ProgramCommand, RemoteCommand, ShellCommand } from "./command.ts";
export type { Capture, CommandEffect, Consent, FanOutOptions, FanOutResult, Remote, RunOptions, Verdict } from "./remote.ts";
export type { CapturedText, RemoteSide, RunResult, RunState } from "./result.ts";
export type { RemoteNode, Target } from "./target.ts";
export type { ExecEnd, ExecRequest, Transport } from "./transport.ts";
