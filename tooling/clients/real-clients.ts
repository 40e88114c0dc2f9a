import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ANTHROPIC, GOOGLE, OPENAI } from "./model-apis.ts";
import type { ModelApi } from "./scripted-model.ts";

/** A client of another maker with a command line: how it is asked for its list of servers, and how it is led by a model of ours. */
export interface RealClient {
  /** As `install` calls it. */
  readonly id: string;
  readonly program: "claude" | "codex" | "gemini";
  /** What its list says of a server that it could read; of one that it started, where it starts them. */
  listed(name: string): RegExp;
  /** What it must know of before it looks at a project's file, or takes a model of ours. */
  prepare(home: string, project: string): void;
  readonly api: ModelApi;
  /** Its arguments for one task without a person. */
  taskArguments(port: number, servers: readonly string[]): readonly string[];
  taskEnvironment(port: number): Readonly<Record<string, string>>;
}

const TASK = "Do the job.";

export const REAL_CLIENTS: readonly RealClient[] = [
  {
    id: "claude-code",
    program: "claude",
    listed: (name) => new RegExp(`^${name}: .*Connected`, "m"),
    prepare: () => undefined,
    api: ANTHROPIC,
    taskArguments: (_, servers) => ["-p", TASK, "--allowedTools", servers.map((name) => `mcp__${name}`).join(" ")],
    taskEnvironment: (port) => ({
      ANTHROPIC_BASE_URL: `http://127.0.0.1:${port}`,
      ANTHROPIC_API_KEY: "none",
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      DISABLE_AUTOUPDATER: "1",
    }),
  },
  {
    id: "codex",
    program: "codex",
    listed: (name) => new RegExp(`^${name} .* enabled`, "m"),
    // On a busy machine no server is ready within the second that it waits otherwise (docs/clients/codex.md).
    prepare(home) {
      const file = join(home, ".codex", "config.toml");
      writeFileSync(file, readFileSync(file, "utf8").replaceAll(/^(command = .*)$/gm, "$1\nrequired = true"));
    },
    api: OPENAI,
    taskArguments: (port) => [
      "exec",
      "--skip-git-repo-check",
      "--dangerously-bypass-approvals-and-sandbox",
      ...Object.entries({
        "model_providers.ours": `{name="ours",base_url="http://127.0.0.1:${port}/v1",wire_api="responses"}`,
        model_provider: '"ours"',
        model: '"gpt-5"',
      }).flatMap(([key, value]) => ["-c", `${key}=${value}`]),
      TASK,
    ],
    taskEnvironment: () => ({}),
  },
  {
    id: "gemini",
    program: "gemini",
    listed: (name) => new RegExp(`^\\S+ ${name}: .*Connected`, "m"),
    prepare(home, project) {
      mkdirSync(join(home, ".gemini"), { recursive: true });
      writeFileSync(join(home, ".gemini", "trustedFolders.json"), JSON.stringify({ [project]: "TRUST_FOLDER" }));
      const file = join(home, ".gemini", "settings.json");
      const settings = { ...JSON.parse(readFileSync(file, "utf8")), security: { auth: { selectedType: "gemini-api-key" } } };
      writeFileSync(file, JSON.stringify(settings));
    },
    api: GOOGLE,
    taskArguments: () => ["-p", TASK, "--approval-mode", "yolo", "--model", "gemini-2.5-pro"],
    taskEnvironment: (port) => ({ GEMINI_API_KEY: "none", GOOGLE_GEMINI_BASE_URL: `http://127.0.0.1:${port}` }),
  },
];
