import { defineCommand, paint, settingsInvalid, table, type Command, type Redactor } from "@platform-ops/ledger";
import type { ServerConfig } from "../server-config.ts";

/**
 * `config`: every setting with its effective value and where it came from. `more` are facts of one server beside them. Where
 * settings are wrong it shows what would be in force without them, says so, and ends with 2.
 */
export function configCommand<D extends { readonly config: ServerConfig; readonly redactor: Redactor }>(
  more: (deps: D) => Readonly<Record<string, unknown>> = () => ({}),
): Command<D> {
  return defineCommand<D>({
    name: "config",
    summary: "Show the effective settings and where each came from",
    usage: "config [--json]",
    examples: ["config", "config --json"],
    withWrongSettings: true,
    options: { json: { type: "boolean", description: "As JSON" } },
    async run({ options }, deps, terminal) {
      const { settings, policy, origin, files, problems } = deps.config;
      const own = more(deps);
      const isWrong = problems.length > 0;
      const shown = deps.redactor.value({ settings, policy, ...own, files, origin, ...(isWrong && { problems }) });
      if (isWrong)
        terminal.stderr(deps.redactor.text(`${settingsInvalid(problems).message}\nNothing starts with them; without them it would be:\n`));
      if (options["json"] === true) {
        terminal.stdout(`${JSON.stringify(shown, null, 2)}\n`);
        return isWrong ? 2 : 0;
      }
      const heading = ["SETTING", "VALUE", "FROM"].map((word) => paint(terminal, "quiet", word));
      const rows = flatten(deps.redactor.value({ ...settings, policy, ...own })).map(([name, value]) => {
        const from = origin[name] ?? "";
        // What somebody set stands out from what nobody did.
        return [name, value, from === "default" ? paint(terminal, "quiet", from) : paint(terminal, "strong", from)];
      });
      terminal.stdout(table(terminal, [heading, ...rows]));
      return isWrong ? 2 : 0;
    },
  });
}

/** `{a: {b: 1}}` → `[["a.b", "1"]]`; lists and scalars are leaves. */
function flatten(value: object, prefix = ""): [string, string][] {
  return Object.entries(value).flatMap(([key, inner]): [string, string][] => {
    const name = prefix === "" ? key : `${prefix}.${key}`;
    if (inner === undefined) return [];
    return typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? flatten(inner as object, name)
      : [[name, JSON.stringify(inner)]];
  });
}
