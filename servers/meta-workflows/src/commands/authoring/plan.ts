import { planDefinition, dryRunText } from "@platform-ops/meta-workflow-registry/plan";
import type { AuthorsRun } from "../authors-run.ts";
import { pickDefinition, readInputs } from "./pick-definition.ts";
import { paint, printable, type Terminal, type Tone } from "@platform-ops/ledger";

const MOST_CHARACTERS = 200_000;

/** `plan`: 0 where a run would start, 1 where its inputs do not fit. */
export const plan: AuthorsRun = async (input, deps, terminal) => {
  const { closure } = await pickDefinition(deps, input, "plan ID|PATH [--inputs JSON]");
  const dryRun = planDefinition(closure, (await readInputs(input.options["inputs"], deps.config.cwd)) ?? {});
  terminal.stdout(
    input.options["json"] === true
      ? `${JSON.stringify(dryRun, undefined, 2)}\n`
      : `${painted(printable(dryRunText(dryRun, MOST_CHARACTERS)), terminal)}\n`,
  );
  return dryRun.problems.length === 0 ? 0 : 1;
};

const TONES: Readonly<Record<string, Tone>> = { "+": "good", "?": "warning", "-": "quiet" };

/** The marks of the steps, which are the lines of the last part, in colour; headings stand out. */
function painted(text: string, terminal: Terminal): string {
  const [head = "", steps = ""] = text.split(/^(?=Steps:$)/m, 2);
  return (head + steps.replaceAll(/^[+?-](?= )/gm, (mark) => paint(terminal, TONES[mark] ?? "quiet", mark))).replaceAll(
    /^[A-Z][^\n]*:$/gm,
    (heading) => paint(terminal, "strong", heading),
  );
}
