// Runs one command on one target, safely. Knows no domain.
export type { ProgramCommand, RemoteCommand, ShellCommand } from "./command.ts";
export { oneVerdict } from "./fan-out.ts";
export { GRAMMARS, checkName, checkTarget, isName, type Grammar, type NameKind } from "./names.ts";
export { openRemote, type RemoteOptions } from "./open-remote.ts";
export { judgeCommand, needsLook, type Judged } from "./policy/judge-command.ts";
export { permit, type PermitPort } from "./policy/permit.ts";
export { resolveTarget, type ResolvedTarget, type TargetInput } from "./policy/environment-target.ts";
export { LONGEST_LINE, checkLine, quoteWord, quoteWords } from "./quote.ts";
export type { Capture, CommandEffect, Consent, FanOutOptions, FanOutResult, Remote, RunOptions, Verdict } from "./remote.ts";
export type { CapturedText, RemoteSide, RunResult, RunState } from "./result.ts";
export type { Surroundings } from "./surroundings.ts";
export type { RemoteNode, Target } from "./target.ts";
export { openTsh, type AccessWish, type Tsh } from "./teleport/tsh.ts";
export type { ProxyPing } from "./teleport/proxy-ping.ts";
export type { AccessRequest, TeleportCluster, TeleportStatus } from "./teleport/tsh-output.ts";
export { versionVerdict, type VersionVerdict } from "./teleport/version-verdict.ts";
export type { ExecEnd, ExecRequest, Transport } from "./transport.ts";
