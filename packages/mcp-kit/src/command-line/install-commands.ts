import { defineCommand, type Command, type CommandOption } from "@platform-ops/ledger";
import { CLIENT_APPLICATIONS } from "../clients/applications.ts";
import type { listClients, putIn, takeOut } from "../install.ts";
import type { ServerConfig } from "../server-config.ts";
import type { ServerIdentity } from "../start-up/identity.ts";

const WHERE: Record<string, CommandOption> = {
  scope: { type: "string", description: "For the user (by default), or project: the folder in which this is run" },
  name: { type: "string", description: "Name of the entry" },
  file: { type: "string", description: "Another file of the same client" },
  "dry-run": { type: "boolean", description: "Show what would change; write nothing" },
};

/** What reads and changes clients' files: given by the caller as `import("@platform-ops/mcp-kit/install")`, so that it is a part of its own in a build. */
interface InstallPart {
  readonly listClients: typeof listClients;
  readonly putIn: typeof putIn;
  readonly takeOut: typeof takeOut;
}

interface InstallDeps {
  readonly config: ServerConfig;
}

/** `install CLIENT` and `uninstall CLIENT`: this server's entry in the client's own configuration file. */
export function installCommands<D extends InstallDeps>(identity: ServerIdentity, part: () => Promise<InstallPart>): Command<D>[] {
  const install = defineCommand<D>({
    name: "install",
    summary: `Enter this server in a client: ${CLIENT_APPLICATIONS.map(({ id }) => id).join(", ")}`,
    usage: "install [CLIENT] [--scope user|project] [--name NAME] [--file FILE] [--env NAME] [--local] [--dry-run] [--print] [--undo]",
    examples: ["install zed", "install claude-code --dry-run", "install vscode --scope project --env AWS_PROFILE", "install zed --undo"],
    withWrongSettings: true,
    options: {
      ...WHERE,
      env: { type: "string", multiple: true, description: "Name of a variable that the server is to have" },
      local: { type: "boolean", description: "Run these very files instead of the published package" },
      print: { type: "boolean", description: "Print the entry; touch no file" },
      undo: { type: "boolean", description: "Take the entry out again" },
    },
    async run(input, { config }, terminal) {
      const loaded = await part();
      if (input.positionals.length === 0) return await loaded.listClients(config, identity, terminal);
      return await (input.options["undo"] === true ? loaded.takeOut : loaded.putIn)(input, config, identity, terminal);
    },
  });
  const uninstall = defineCommand<D>({
    name: "uninstall",
    summary: "Take this server's entry out of a client: the same as install --undo",
    usage: "uninstall CLIENT [--scope user|project] [--name NAME] [--file FILE] [--dry-run]",
    examples: ["uninstall zed"],
    withWrongSettings: true,
    options: WHERE,
    run: async (input, { config }, terminal) => (await part()).takeOut(input, config, identity, terminal),
  });
  return [install, uninstall];
}
