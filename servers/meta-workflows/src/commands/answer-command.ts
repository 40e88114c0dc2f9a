import { OpsError } from "@platform-ops/errors";
import { defineCommand, printable, type Command, type Terminal } from "@platform-ops/ledger";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import type { ActionRecord } from "@platform-ops/meta-workflow-registry/run";
import { ulid } from "ulid";
import type { MetaWorkflowsDeps } from "../deps.ts";
import { readJsonText } from "../runs/json-text.ts";
import { messagesTo } from "../runs/run-messages.ts";
import { refusalError } from "../worker/refusal-failure.ts";

/**
 * `answer ID [ACTION] [JSON]`: what a run asks of a person and takes from no agent: whether a call happened, whether something was
 * undone by hand, and what an agent handed over. Without an answer it shows what is asked. Like a decision it is given at a terminal.
 */
export function answerCommand(deps: MetaWorkflowsDeps): Command {
  return defineCommand({
    name: "answer",
    summary: "Answer what a run asks of a person and takes from no agent",
    usage: "answer ID [ACTION] [JSON] [--note TEXT]",
    examples: ["answer mw-…", `answer mw-… deploy#2 '{"happened":true}' --note "seen in the release list"`],
    options: { note: { type: "string", description: "Kept with the answer" } },
    async run({ positionals, options }, _deps, terminal) {
      const [id, action_id, text] = positionals;
      if (id === undefined)
        throw new OpsError("invalid_input", "answer takes a run's id, the action and the answer as JSON.", {
          hint: "`runs` lists the runs; answer ID shows what one asks.",
        });
      const result = text === undefined ? undefined : answerOf(text);
      const messages = messagesTo(deps, id);
      const asked = personsActions(Object.values((await messages.carried()).carried?.book.actions ?? {}));
      const meant = asked.filter((one) => action_id === undefined || one.action_id === action_id);
      const [action] = meant;
      if (action === undefined)
        throw new OpsError("not_found", `${id} asks nobody${action_id === undefined ? "" : ` about ${printable(action_id)}`}.`, {
          hint:
            asked.length === 0
              ? "`show` and `approve` are for approvals; what agents do, they get by next_action."
              : `It asks about: ${asked.map((one) => printable(one.action_id)).join(", ")}.`,
        });
      terminal.stdout(`${meant.map(actionText).join("\n\n")}\n`);
      if (result === undefined) return 0;
      if (!(await confirmed(action, text ?? "", terminal))) return terminal.isTTY ? 1 : 2;
      const by = { id: `tty:${deps.config.user}`, kind: "person" };
      const note = typeof options.note === "string" ? { note: options.note } : {};
      const { refusal, status } = await messages.submit(
        // No action is asked for: one that was given out would be held by this terminal.
        { action_id: action.action_id, outcome: "completed", result, ...note, agent: by, named: true, person: true, limit: 0 },
        ulid(),
      );
      if (refusal !== undefined) throw refusalError(refusal);
      const { audit } = await deps.ledger();
      await audit.append({ kind: "run", actor: by.id, what: `answered ${action.action_id}`, target: id, outcome: status });
      terminal.stdout(`${id}: answered; the run is ${status}.\n`);
      return 0;
    },
  });
}

function answerOf(text: string): Json {
  const answer = readJsonText(text, "the answer");
  if (answer === undefined)
    throw new OpsError("invalid_input", "The answer is no JSON.", {
      hint: `For example '{"happened":true}'; a text is quoted twice: '"done"'.`,
    });
  return answer;
}

/** Those that no agent may do; a question that an agent relays is asked in the client. */
export function personsActions(actions: readonly ActionRecord[]): readonly ActionRecord[] {
  return actions.filter(
    ({ state, executor, type }) => state === "needs_human" || (state === "open" && executor === "human" && type !== "ask"),
  );
}

function actionText({ action_id, title, instructions, failures, result_schema }: ActionRecord): string {
  const said = failures.flatMap(({ say }) => say).at(-1);
  const lines = [
    `${action_id}: ${title}`,
    instructions,
    ...(said === undefined ? [] : [`Handed over: ${said}`]),
    ...(Object.keys(result_schema).length === 0 ? [] : [`The answer is JSON of: ${JSON.stringify(result_schema)}`]),
  ];
  return lines.map(printable).join("\n");
}

async function confirmed({ action_id }: ActionRecord, text: string, terminal: Terminal): Promise<boolean> {
  if (!terminal.isTTY || terminal.ask === undefined) {
    terminal.stderr("It is answered at a terminal, by the person who looked. Run this command in one.\n");
    return false;
  }
  const words = await terminal.ask(
    `Answer ${printable(action_id)} with ${printable(text)}. Type "answer" to send it; anything else sends nothing: `,
  );
  if (words.trim() === "answer") return true;
  terminal.stderr("Nothing was sent.\n");
  return false;
}
