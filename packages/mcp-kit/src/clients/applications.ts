import { join } from "node:path";
import { folderOf, type ClientApplication, type EntryFields, type ServerEntry } from "./client-application.ts";

const FORM = "A form in the client asks the person.";
const TERMINAL = "The client shows no forms: a person decides at a terminal, with the command that the tool names.";

/** `{command, args, env}`, with each variable as the client refers to it; without `env` where nothing is named. */
function usual({ command, args, variables }: ServerEntry, refer: (variable: string) => string): EntryFields {
  const env = Object.fromEntries(variables.map((name) => [name, refer(name)]));
  return { command, args, ...(variables.length > 0 && { env }) };
}

/**
 * The clients whose files are written. Places and forms are those of each client's own documentation; Claude Code, Codex and
 * Gemini CLI were also seen to read them (docs/clients).
 */
export const CLIENT_APPLICATIONS: readonly ClientApplication[] = [
  {
    id: "zed",
    title: "Zed",
    format: "jsonc",
    container: "context_servers",
    file: (scope, { home, project, env }) =>
      scope === "project"
        ? join(project, ".zed", "settings.json")
        : join(folderOf(env["XDG_CONFIG_HOME"], home, ".config"), "zed", "settings.json"),
    fields: (entry, valueOf) => usual(entry, valueOf),
    keepsValues: true,
    approval: TERMINAL,
    next: "Zed starts it by itself; its state is shown in the settings of the Agent Panel.",
  },
  {
    id: "claude-desktop",
    title: "Claude Desktop",
    format: "jsonc",
    container: "mcpServers",
    file: (scope, { home, platform, env }) => {
      if (scope === "project") return undefined;
      const settings =
        platform === "darwin" ? join(home, "Library", "Application Support") : folderOf(env["XDG_CONFIG_HOME"], home, ".config");
      return join(settings, "Claude", "claude_desktop_config.json");
    },
    fields: (entry, valueOf) => usual(entry, valueOf),
    keepsValues: true,
    approval: TERMINAL,
    next: "Quit Claude Desktop and start it again.",
  },
  {
    id: "claude-code",
    title: "Claude Code",
    format: "jsonc",
    container: "mcpServers",
    file: (scope, { home, project, env }) =>
      scope === "project" ? join(project, ".mcp.json") : join(folderOf(env["CLAUDE_CONFIG_DIR"], home), ".claude.json"),
    fields: (entry) => ({ type: "stdio", ...usual(entry, (name) => `\${${name}}`) }),
    keepsValues: false,
    approval: FORM,
    next: "Look with: claude mcp list. A project's entry is asked about at the next start of claude.",
  },
  {
    id: "cursor",
    title: "Cursor",
    format: "jsonc",
    container: "mcpServers",
    file: (scope, { home, project }) => join(scope === "project" ? project : home, ".cursor", "mcp.json"),
    fields: (entry) => usual(entry, (name) => `\${env:${name}}`),
    keepsValues: false,
    approval: FORM,
    next: "Cursor reads the file again by itself; switch the server on in its MCP settings where it asks.",
  },
  {
    id: "vscode",
    title: "VS Code",
    format: "jsonc",
    container: "servers",
    file: (scope, { home, project, platform, env }) => {
      if (scope === "project") return join(project, ".vscode", "mcp.json");
      const settings =
        platform === "darwin" ? join(home, "Library", "Application Support") : folderOf(env["XDG_CONFIG_HOME"], home, ".config");
      return join(settings, "Code", "User", "mcp.json");
    },
    fields: (entry) => ({ type: "stdio", ...usual(entry, (name) => `\${env:${name}}`) }),
    keepsValues: false,
    approval: FORM,
    next: "Start the server from the command MCP: List Servers; VS Code asks once whether it is trusted.",
  },
  {
    id: "gemini",
    title: "Gemini CLI",
    format: "jsonc",
    container: "mcpServers",
    file: (scope, { home, project, env }) =>
      join(scope === "project" ? project : folderOf(env["GEMINI_CLI_HOME"], home), ".gemini", "settings.json"),
    fields: (entry) => usual(entry, (name) => `\${${name}}`),
    keepsValues: false,
    approval: TERMINAL,
    next: "Look with: gemini mcp list",
  },
  {
    id: "codex",
    title: "Codex",
    format: "toml",
    container: "mcp_servers",
    file: (scope, { home, project, env }) =>
      join(scope === "project" ? join(project, ".codex") : folderOf(env["CODEX_HOME"], home, ".codex"), "config.toml"),
    // Codex passes its servers HOME, LANG, PATH, TERM and USER only; `env_vars` names what else.
    fields: ({ command, args, variables }) => ({ command, args, ...(variables.length > 0 && { env_vars: variables }) }),
    keepsValues: false,
    approval: FORM,
    next: "Look with: codex mcp list. A project's file is read only where Codex trusts the project.",
  },
];
