import { startBin, type BinRun } from "./bin.ts";
import { runBuilt } from "../../tooling/run-built.ts";
import { until } from "./processes.ts";

/** A built bin that serves HTTP on loopback. */
export interface HttpServerProcess {
  readonly url: string;
  readonly run: BinRun;
  /** Makes a token; resolves to it. */
  token(...options: string[]): Promise<string>;
  revoke(id: string): Promise<void>;
  /** Ends it by SIGTERM, as operators do; resolves to how it ended. */
  end(): Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/** Starts `<bin> http` on a free port. */
export async function startHttp(options: {
  readonly bin: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}): Promise<HttpServerProcess> {
  const { bin, cwd, env, args = [] } = options;
  const run = startBin(["http", ...args], { bin, cwd, env });
  const url = await until(() => /listens on (\S+)/.exec(run.said())?.[1], `the server's address; it said: ${run.said()}`);
  const subcommand = async (words: readonly string[]): Promise<string> => {
    const lines: string[] = [];
    await runBuilt(bin, [...words], { ...env }, (line) => lines.push(line));
    return lines.join("\n");
  };
  return {
    url,
    run,
    async token(...more) {
      const said = await subcommand(["token", "create", "--json", "--principal", "ann", ...more]);
      return (JSON.parse(said.trim()) as { token: string }).token;
    },
    revoke: async (id) => void (await subcommand(["token", "revoke", id])),
    async end() {
      run.process.kill("SIGTERM");
      return await run.ended;
    },
  };
}
