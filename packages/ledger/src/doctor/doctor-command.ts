import { isOpsError, OpsError } from "@platform-ops/errors";
import { defineCommand, type Command, type Terminal } from "../command.ts";
import { paint } from "../terminal/paint.ts";
import { progressOn } from "../terminal/progress.ts";
import { isFault, SETTINGS_CHECK, type Check, type Mend } from "./check.ts";
import { reportText } from "./report-text.ts";

/** Grows with each change that a reader of the JSON must know of. */
const FORMAT = 1;

/**
 * `doctor`: every needed part with what was found, what is wanted, and the cure. Exit 3 when something needed is missing or
 * broken, 2 when settings are wrong, else 0. `--fix` mends what can be mended: it asks at a terminal, and does nothing elsewhere without `--yes`.
 */
export function doctorCommand<D>(server: string, checks: (deps: D) => Promise<readonly Check[]>): Command<D> {
  return defineCommand<D>({
    name: "doctor",
    summary: "Check every needed part and say how to mend it",
    usage: "doctor [--json] [--fix [--yes]]",
    examples: ["doctor", "doctor --fix"],
    withWrongSettings: true,
    options: {
      json: { type: "boolean", description: "As JSON" },
      fix: { type: "boolean", description: "Mend what can be mended; asks first" },
      yes: { type: "boolean", description: "With --fix: do not ask" },
    },
    async run({ options }, deps, terminal) {
      const [json, fix, yes] = [options["json"] === true, options["fix"] === true, options["yes"] === true];
      if (fix && !yes && terminal.ask === undefined)
        throw new OpsError("invalid_input", "--fix asks before it changes anything, and nobody is at a terminal here.", {
          hint: "Add --yes to mend everything that can be mended.",
        });
      let found = await checks(deps);
      const mended = fix ? await mend(found, yes, terminal) : [];
      if (mended.length > 0) found = await checks(deps);
      terminal.stdout(json ? `${JSON.stringify(reportOf(server, found, mended), undefined, 2)}\n` : reportText(found, terminal));
      if (found.some((check) => check.id === SETTINGS_CHECK && isFault(check))) return 2;
      return found.some(isFault) ? 3 : 0;
    },
  });
}

/** The stable shape: docs/reference/doctor.md. */
function reportOf(server: string, checks: readonly Check[], mended: readonly string[]): object {
  return {
    format: FORMAT,
    server,
    ok: !checks.some(isFault),
    checks: checks.map(({ mend: cureByUs, ...check }) => ({ ...check, mendable: check.status !== "ok" && cureByUs !== undefined })),
    ...(mended.length > 0 && { mended }),
  };
}

/** What was mended. One that fails is told, and the others go on. */
async function mend(checks: readonly Check[], yes: boolean, terminal: Terminal): Promise<string[]> {
  const mends = new Map<string, Mend>();
  for (const { status, mend: one } of checks) if (status !== "ok" && one !== undefined) mends.set(one.what, one);
  const done: string[] = [];
  for (const { what, run } of mends.values()) {
    if (!yes && !/^y(es)?$/i.test((await terminal.ask?.(`${what}? [y/N] `))?.trim() ?? "")) continue;
    const progress = progressOn(terminal);
    try {
      await run((line) => progress.say(line));
      progress.end();
      terminal.stderr(`${paint(terminal, "good", "✓")} ${what}\n`);
      done.push(what);
    } catch (error) {
      if (!isOpsError(error)) throw error;
      progress.end();
      terminal.stderr(`${paint(terminal, "bad", "✗")} ${what}: ${error.message} ${error.hint}\n`);
    }
  }
  return done;
}
