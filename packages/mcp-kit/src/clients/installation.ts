import { OpsError } from "@platform-ops/errors";
import { isMarkOfSecret, Redactor, type CommandInput } from "@platform-ops/ledger";
import { didYouMean } from "../calls/did-you-mean.ts";
import { quoted } from "../command-line/check-arguments.ts";
import type { ServerConfig } from "../server-config.ts";
import type { ServerIdentity } from "../start-up/identity.ts";
import { CLIENT_APPLICATIONS } from "./applications.ts";
import type { ClientApplication, ClientPlaces, EntryFields, InstallScope, ServerEntry } from "./client-application.ts";
import { contentOf, type Configuration } from "./edit-configuration.ts";
import { entryName, serverEntry } from "./server-entry.ts";

/** What one `install` is about, before any file is looked at. */
export interface Installation {
  readonly application: ClientApplication;
  readonly scope: InstallScope;
  readonly file: string;
  readonly name: string;
}

/**
 * What is asked for: which client, which of its files, under which name.
 * @throws OpsError invalid_input
 */
export function installationOf({ positionals, options }: CommandInput, config: ServerConfig, identity: ServerIdentity): Installation {
  const [id] = positionals;
  const application = CLIENT_APPLICATIONS.find((each) => each.id === id);
  if (application === undefined) throw unknownClient(id);
  const scope = options["scope"] ?? "user";
  if (scope !== "user" && scope !== "project")
    throw new OpsError("invalid_input", "--scope takes user or project.", { hint: "project is the folder in which this is run." });
  const file = typeof options["file"] === "string" ? options["file"] : application.file(scope, placesOf(config));
  if (file === undefined)
    throw new OpsError("invalid_input", `${application.title} has no configuration of a project.`, { hint: "Leave --scope out." });
  const given = options["name"];
  return { application, scope, file, name: entryName(identity, typeof given === "string" ? given : undefined) };
}

/** From what clients' files are found. */
export function placesOf({ homeFolder, cwd, platform, env }: ServerConfig): ClientPlaces {
  return { home: homeFolder, project: cwd, platform, env };
}

/** What the entry says. Its variables' values are there only where the client keeps them; `valueOf` gives them. */
export function entryWished(
  { options }: CommandInput,
  config: ServerConfig,
  identity: ServerIdentity,
  application: ClientApplication,
): { entry: ServerEntry; fields(valueOf: (variable: string) => string): EntryFields } {
  const given = options["env"];
  const variables = Array.isArray(given) ? given : [];
  const entry = serverEntry(config, { identity, local: options["local"] === true, variables });
  return { entry, fields: (valueOf) => application.fields(entry, valueOf) };
}

/**
 * The value of a variable that is to stand in a client's file.
 * @throws OpsError invalid_input where it is not set
 */
export function valueIn({ env }: ServerConfig, application: ClientApplication): (variable: string) => string {
  return (variable) => {
    const value = env[variable];
    if (value !== undefined) return value;
    throw new OpsError("invalid_input", `${variable} is not set here, and ${application.title} cannot take it from its own environment.`, {
      hint: `Set it and run the same command again, or leave --env ${variable} out.`,
    });
  };
}

/** Knows what must not be shown of a file: values of variables, headers, and what is marked as secret. */
export function redactorOf(configuration: Configuration, values: readonly string[]): Redactor {
  const redactor = new Redactor(values);
  const walk = (value: unknown, isSecret: boolean): void => {
    if (typeof value === "string" && isSecret) redactor.addSecret(value);
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value))
      walk(inner, isSecret || /^(env|headers|http_headers|auth)$/i.test(key) || isMarkOfSecret(key));
  };
  walk(contentOf(configuration), false);
  return redactor;
}

function unknownClient(id: string | undefined): OpsError {
  const ids = CLIENT_APPLICATIONS.map((each) => each.id);
  if (id === undefined)
    return new OpsError("invalid_input", `No client was named: one of ${ids.join(", ")}.`, {
      hint: "`install` without one lists them, and says which have this server.",
    });
  const near = didYouMean(id, ids);
  return new OpsError("invalid_input", `No client ${quoted(id)} is known.${near === undefined ? "" : ` Did you mean ${near}?`}`, {
    hint: `There are ${ids.join(", ")}. For another one take the entry from: install cursor --print`,
  });
}
