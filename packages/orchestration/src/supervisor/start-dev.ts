import { join } from "node:path";

/** Temporal's own web page, shown for as long as somebody looks at it. */
export interface TemporalUi {
  readonly port: number;
  /** Where the page sends payloads to be opened. */
  readonly codecEndpoint: string;
}

/** The limits of the development server's queues, which as shipped let about 24 sequential steps a second through. */
const POLL_LIMITS = ["history.transferProcessorMaxPollRPS=2000", "history.timerProcessorMaxPollRPS=2000"];
/** Write-ahead log with full flushes keeps every accepted decision over a power cut. */
const PRAGMAS = ["journal_mode=wal", "synchronous=2"];

/** Loopback only, logs as JSON, and no word from a person's Temporal configuration. */
const SAFE = ["--ip", "127.0.0.1", "--log-format", "json", "--disable-config-file", "--disable-config-env"];

/** Arguments of `temporal server start-dev`. */
export function startDevArguments(port: number, database: string, ui?: TemporalUi): string[] {
  const page =
    ui === undefined ? ["--headless"] : ["--ui-ip", "127.0.0.1", "--ui-port", String(ui.port), "--ui-codec-endpoint", ui.codecEndpoint];
  return [
    "server",
    "start-dev",
    ...SAFE,
    "--port",
    String(port),
    "--db-filename",
    database,
    ...PRAGMAS.flatMap((pragma) => ["--sqlite-pragma", pragma]),
    ...POLL_LIMITS.flatMap((limit) => ["--dynamic-config-value", limit]),
    ...page,
  ];
}

/** Its own home folder: a person's Temporal configuration has no say in our server. */
export function temporalEnvironment(home: string): Record<string, string> {
  const own = join(home, "temporal");
  return { PATH: "/usr/bin:/bin", HOME: own, XDG_CONFIG_HOME: own, TMPDIR: "/tmp" };
}
