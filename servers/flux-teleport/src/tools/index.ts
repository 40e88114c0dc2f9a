import { list_environments } from "./list_environments.ts";
import { run_remote_command } from "./run_remote_command.ts";

/** Every tool of the server, in the order in which a client lists them. */
export const tools = [list_environments, run_remote_command] as const;
