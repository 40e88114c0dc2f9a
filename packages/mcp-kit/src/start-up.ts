// The light entry: what answers a client before the server itself is loaded. Neither zod nor an SDK is in it.
export { processTerminal, type StandardStreams } from "./command-line/process-terminal.ts";
export { runBin, type Bin } from "./command-line/run-bin.ts";
export type { Opening } from "./start-up/front.ts";
export { END_WITHIN_MS, serveOpening, type LoadedServer, type StdioIo } from "./start-up/serve-opening.ts";
export type { ServerIdentity } from "./start-up/identity.ts";
export { startServer, type ServerStart, type WholeServer } from "./start-up/start-server.ts";
export { surroundingsOf, type Surroundings } from "./start-up/surroundings.ts";
