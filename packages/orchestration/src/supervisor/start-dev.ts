import { join } from "node:path";

/**
 * Arguments of `temporal server start-dev`. Write-ahead log with full flushes keeps every accepted decision over a
 * power cut; the two poll limits lift the development server's brake of about 24 sequential steps a second.
 */
export function startDevArguments(port: number, database: string): string[] {
  return [
    ...["server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", String(port), "--db-filename", database],
    ...["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=2"],
    ...["--dynamic-config-value", "history.transferProcessorMaxPollRPS=2000"],
    ...["--dynamic-config-value", "history.timerProcessorMaxPollRPS=2000"],
    ...["--dynamic-config-value", "frontend.enableUpdateWorkflowExecution=true"],
    ...["--log-format", "json", "--disable-config-file", "--disable-config-env"],
  ];
}

/** Its own home folder: a person's Temporal configuration has no say in our server. */
export function temporalEnvironment(home: string): Record<string, string> {
  const own = join(home, "temporal");
  return { PATH: "/usr/bin:/bin", HOME: own, XDG_CONFIG_HOME: own, TMPDIR: "/tmp" };
}
