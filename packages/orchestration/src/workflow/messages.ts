import { OpsError } from "@platform-ops/errors";
import { defineSignal, defineUpdate, log, setHandler, type SignalDefinition } from "@temporalio/workflow";
import { isForeign } from "../codec/foreign.ts";
import { SIGNAL_DRAIN, SIGNAL_REFRESH_CREDENTIALS, UPDATE_DECIDE } from "../contract/names.ts";
import { asApplicationFailure, toApplicationFailure } from "../failure/application-failure.ts";

const refusal = (): OpsError => new OpsError("not_allowed", "The message was not sealed by this data directory's key; it is refused.");

/** Throws where any argument of the run was not sealed by our key. The first line of every workflow. */
export function refuseForeign(...args: readonly unknown[]): void {
  if (args.some(isForeign)) throw toApplicationFailure(refusal());
}

/** The update that carries an approval record. The activity that acts verifies the record; this only transports it. */
const decideUpdate = defineUpdate<unknown, [unknown]>(UPDATE_DECIDE);

/**
 * Takes decisions. `check` is synchronous and changes nothing: what it throws (an OpsError) refuses the update and leaves
 * no trace in the history; a foreign record is refused before it.
 */
export function onDecide<R, A>(handler: (record: R) => Promise<A> | A, check?: (record: R) => void): void {
  setHandler(
    decideUpdate,
    async (record: unknown) => {
      try {
        return await handler(record as R);
      } catch (error) {
        throw asApplicationFailure(error);
      }
    },
    {
      validator: (record: unknown) => {
        refuseForeign(record);
        try {
          check?.(record as R);
        } catch (error) {
          throw asApplicationFailure(error);
        }
      },
    },
  );
}

/** Credentials were renewed; blocked workspaces try again. */
export const refreshCredentials = defineSignal(SIGNAL_REFRESH_CREDENTIALS);
/** Begin nothing new; end when what runs has ended. */
export const drain = defineSignal(SIGNAL_DRAIN);

/** Takes a signal, and drops it where an argument was not sealed by us: a signal has no one to whom a refusal could be told. */
export function onSignal<A extends unknown[]>(signal: SignalDefinition<A>, handler: (...args: A) => void): void {
  setHandler(signal, (...args: A) => {
    if (args.some(isForeign)) log.warn("A signal that was not sealed by us was dropped.", { signal: signal.name });
    else handler(...args);
  });
}
