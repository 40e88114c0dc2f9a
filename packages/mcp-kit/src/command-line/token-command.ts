import { OpsError } from "@platform-ops/errors";
import { defineCommand, paint, table, type Command, type Terminal, type TokenGrant, type Tokens } from "@platform-ops/ledger";
import { toolsetProblems } from "../server-definition.ts";
import type { ServerDeps } from "../server-deps.ts";
import type { Tool } from "../tool.ts";

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DEFAULT_LIFE = "90d";
const LONGEST_DAYS = 366;
/** Stands in names of principals, so nothing in it may look like another part of one. */
const PRINCIPAL = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;

/** `token create|list|revoke`: who may call this server over HTTP. */
export function tokenCommand<D extends ServerDeps>(tools: readonly Tool[]): Command<D> {
  return defineCommand<D>({
    name: "token",
    summary: "Make, list and revoke the bearer tokens of `http`",
    usage: "token create|list|revoke [ID] [--principal NAME] [--toolsets A,B] [--read-only] [--expires 30d] [--json]",
    examples: ["token create --principal ann --expires 30d > ann.token", "token list", "token revoke 5rpa88qkqi"],
    options: {
      principal: { type: "string", description: "Who calls with it; stands in the audit and in every request for approval" },
      toolsets: { type: "string", description: "Only these toolsets of the server, and no resources or prompts" },
      "read-only": { type: "boolean", description: "Only tools that change nothing" },
      expires: { type: "string", description: `After how long it is taken no more, as 12h or 30d; ${DEFAULT_LIFE} unless said` },
      json: { type: "boolean", description: "As JSON" },
    },
    async run({ positionals: [verb, id], options }, deps, terminal) {
      const { name, user } = deps.config;
      const by = `tty:${user}`;
      const isJson = options["json"] === true;
      if (verb === "create" && id === undefined) {
        const input = { server: name, created_by: by, ...grantedBy(options, deps.config.settings, tools) };
        const { tokens } = await deps.ledger();
        return shown(terminal, await tokens.create(input), isJson);
      }
      if (verb === "list" && id === undefined) return await listed(terminal, (await deps.ledger()).tokens, isJson);
      if (verb === "revoke" && id !== undefined) {
        const grant = await (await deps.ledger()).tokens.revoke(id, by);
        terminal.stdout(`${grant.id} of ${grant.principal} was revoked ${grant.revoked_at}; its sessions end with their next request.\n`);
        return 0;
      }
      if (verb === "revoke")
        throw new OpsError("invalid_input", "token revoke takes the id of a token.", { hint: "`token list` shows their ids." });
      throw new OpsError("invalid_input", "token takes create, list, or revoke and an id.", {
        hint: "For example: token create --principal ann --toolsets runs --read-only --expires 30d",
      });
    },
  });
}

/** @throws OpsError invalid_input, with all problems */
function grantedBy(
  options: Readonly<Record<string, string | boolean | string[] | undefined>>,
  settings: { readonly read_only: boolean },
  tools: readonly Tool[],
): Pick<TokenGrant, "principal" | "toolsets" | "read_only" | "expires_at"> {
  const principal = String(options["principal"] ?? "");
  const toolsets =
    options["toolsets"] === undefined
      ? undefined
      : String(options["toolsets"])
          .split(",")
          .map((one) => one.trim());
  const life = lifeOf(String(options["expires"] ?? DEFAULT_LIFE));
  const problems = [
    ...(PRINCIPAL.test(principal)
      ? []
      : ["--principal: a name of letters, digits and . _ @ -, at most 64, which begins with a letter or digit."]),
    ...(life === undefined ? [`--expires: a number and m, h or d, at most ${LONGEST_DAYS}d; for example 30d.`] : []),
    ...toolsetProblems(toolsets ?? [], tools).map((problem) => `--toolsets: ${problem}`),
  ];
  if (problems.length > 0)
    throw new OpsError("invalid_input", "The token was not made.", {
      details: { problems },
      hint: "Correct what is named, and run it again.",
    });
  return {
    principal,
    ...(toolsets === undefined ? {} : { toolsets }),
    read_only: options["read-only"] === true || settings.read_only,
    expires_at: new Date(Date.now() + life!).toISOString(),
  };
}

/** Milliseconds. */
function lifeOf(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const life = Number(count) * UNITS[unit as keyof typeof UNITS];
  return life > 0 && life <= LONGEST_DAYS * UNITS.d ? life : undefined;
}

function shown(terminal: Terminal, { token, grant }: { token: string; grant: TokenGrant }, isJson: boolean): 0 {
  if (isJson) {
    terminal.stdout(`${JSON.stringify({ token, ...grant })}\n`);
    return 0;
  }
  // The token alone on stdout, so that it can be kept without a copy on the screen.
  terminal.stdout(`${token}\n`);
  terminal.stderr(
    `This is token ${grant.id} of ${grant.principal}, until ${grant.expires_at}. It is shown once: keep it where only its holder reads it.\n`,
  );
  return 0;
}

async function listed(terminal: Terminal, tokens: Tokens, isJson: boolean): Promise<0> {
  const grants = await tokens.list();
  if (isJson) {
    terminal.stdout(`${JSON.stringify(grants)}\n`);
    return 0;
  }
  if (grants.length === 0) terminal.stdout("There are no tokens.\n");
  else {
    const heading = ["TOKEN", "PRINCIPAL", "TAKEN", "SERVER", "TOOLSETS"].map((word) => paint(terminal, "quiet", word));
    const rows = grants.map((grant) => {
      const { id, principal, server, toolsets, read_only } = grant;
      const scope = [toolsets?.join(",") ?? "all", ...(read_only ? ["read-only"] : [])].join(", ");
      return [id, principal, stateOf(grant, terminal), server, scope];
    });
    terminal.stdout(table(terminal, [heading, ...rows]));
  }
  return 0;
}

function stateOf({ revoked_at, expires_at }: TokenGrant, terminal: Terminal): string {
  if (revoked_at !== undefined) return paint(terminal, "quiet", `revoked ${minute(revoked_at)}`);
  const isTaken = Date.parse(expires_at) > Date.now();
  return paint(terminal, isTaken ? "good" : "quiet", `${isTaken ? "until" : "expired"} ${minute(expires_at)}`);
}

const minute = (iso: string): string => iso.slice(0, 16).replace("T", " ");
