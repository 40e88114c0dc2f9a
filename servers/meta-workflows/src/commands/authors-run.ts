import type { CommandInput, ExitCode, Terminal } from "@platform-ops/ledger";
import type { MetaWorkflowsDeps } from "../deps.ts";

/** What a subcommand of authors does. */
export type AuthorsRun = (input: CommandInput, deps: MetaWorkflowsDeps, terminal: Terminal, signal: AbortSignal) => Promise<ExitCode>;
