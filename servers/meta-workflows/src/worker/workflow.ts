import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import type { RunEnd } from "@platform-ops/meta-workflow-registry/run";
import { isForeign, refuseForeign, UPDATE_DECIDE } from "@platform-ops/orchestration/workflow";
import { CancellationScope, defineQuery, defineSignal, defineUpdate, setHandler } from "@temporalio/workflow";
import { DurableRun } from "./durable-run.ts";
import { handled, refuseStrange } from "./run-messages.ts";
import {
  QUERY_CARRIED,
  QUERY_LOOK,
  QUERY_STATE,
  SIGNAL_EVENT,
  UPDATE_BEGIN,
  UPDATE_CONTROL,
  UPDATE_NEXT,
  UPDATE_SUBMIT,
  type Asking,
  type Begin,
  type Control,
  type Look,
  type RunAnswer,
  type RunInput,
  type Submit,
} from "./run-contract.ts";

const begin = defineUpdate<RunAnswer, [Begin]>(UPDATE_BEGIN);
const submit = defineUpdate<RunAnswer, [Submit]>(UPDATE_SUBMIT);
const next = defineUpdate<RunAnswer, [Asking]>(UPDATE_NEXT);
const control = defineUpdate<RunAnswer, [Control]>(UPDATE_CONTROL);
const decide = defineUpdate<unknown, [unknown]>(UPDATE_DECIDE);
const look = defineQuery<Look, [Asking & { now: number }]>(QUERY_LOOK);
const state = defineQuery<Json>(QUERY_STATE);
const carried = defineQuery<RunInput>(QUERY_CARRIED);
const event = defineSignal<[{ name: string; value: Json }]>(SIGNAL_EVENT);

export { RunLock } from "@platform-ops/orchestration/workflow";

/** One run of one definition, whatever it says: definitions are data, so that new ones need no new worker. */
export async function MetaWorkflow(input: RunInput): Promise<RunEnd> {
  refuseForeign(input);
  const root = CancellationScope.current();
  return await CancellationScope.nonCancellable(async () => {
    const run = new DurableRun(input);
    setHandler(begin, (argument) => handled(() => run.answering(() => run.begin(argument))), {
      validator: checked<Begin>((argument) => run.mayBegin(argument)),
    });
    setHandler(submit, (argument) => handled(() => run.answering(() => run.submit(argument))), {
      validator: checked<Submit>((argument) => run.maySubmit(argument)),
    });
    setHandler(next, (argument) => handled(() => run.answering(() => run.next(argument))), { validator: refuseStrange });
    setHandler(control, (argument) => handled(() => run.answering(() => run.control(argument))), {
      validator: checked<Control>((argument) => run.mayControl(argument)),
    });
    setHandler(decide, (record) => handled(() => run.decide(record)), { validator: (record) => run.mayDecide(record) });
    setHandler(look, (asking) => run.look(asking));
    setHandler(state, () => run.state());
    setHandler(carried, () => run.carried());
    // A signal that was not sealed with our key is somebody else's: it changes nothing.
    setHandler(event, (argument) => {
      if (!isForeign(argument)) run.event(argument.name, argument.value);
    });
    // A cancellation by Temporal's own means.
    void root.cancelRequested.catch(() => run.cancel("stop"));
    return await run.drive();
  });
}

function checked<A>(check: (argument: A) => void): (argument: A) => void {
  return (argument) => {
    refuseStrange(argument);
    check(argument);
  };
}
