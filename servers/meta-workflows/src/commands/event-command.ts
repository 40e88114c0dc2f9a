import { OpsError } from "@platform-ops/errors";
import { defineCommand, type Command } from "@platform-ops/ledger";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import { ulid } from "ulid";
import type { MetaWorkflowsDeps } from "../deps.ts";
import { eventValue } from "../runs/event-value.ts";
import { messagesTo } from "../runs/run-messages.ts";

/**
 * `event ID NAME [JSON]`: tells a run of an event that a step waits for, or will wait for: from a shell, a webhook's handler or a
 * pipeline. `--key` names the event, so that what is sent twice counts once.
 */
export function eventCommand(deps: MetaWorkflowsDeps): Command {
  return defineCommand({
    name: "event",
    summary: "Tell a run of an event that a step waits for",
    usage: "event ID NAME [JSON] [--key KEY]",
    examples: [`event mw-… deployed '{"version":"1.2.0"}' --key build-118`],
    options: { key: { type: "string", description: "The same key sent twice is one event" } },
    async run({ positionals, options }, _deps, terminal) {
      const [id, name, text, ...rest] = positionals;
      if (id === undefined || name === undefined || name === "" || name.length > 200 || rest.length > 0)
        throw new OpsError("invalid_input", "event takes a run's id, the event's name, and its value as JSON.", {
          hint: `For example: event mw-01j9 deployed '{"version":"1.2.0"}'`,
        });
      const value = eventValue(text === undefined ? null : jsonOf(text));
      const by = `tty:${deps.config.user}`;
      const key = typeof options.key === "string" ? options.key.slice(0, 200) : ulid();
      const { status } = await messagesTo(deps, id).control({ command: "event", event: name, value, by }, `event-${key}`);
      terminal.stdout(`${id}: ${name} was told; the run is ${status}.\n`);
      return 0;
    },
  });
}

function jsonOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new OpsError("invalid_input", "The event's value is no JSON.", { hint: `A text is quoted twice: '"done"'.`, cause });
  }
}
