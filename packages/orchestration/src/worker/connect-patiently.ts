import { setTimeout as sleep } from "node:timers/promises";
import { hasCode, type OpsError } from "@platform-ops/errors";
import type { Logger } from "@platform-ops/ledger";
import { NativeConnection, type NativeConnectionOptions } from "@temporalio/worker";
import { connectionFailure, unreachable } from "../client/connection-failure.ts";
import type { ConnectionTarget } from "../client/connection-target.ts";
import { connectionOptions } from "../client/connection.ts";
import { tcpProbe } from "../client/probe.ts";
import { isNamespaceMissing } from "../failure/from-failure.ts";
import { installRuntime } from "./sdk-runtime.ts";

/** All in milliseconds. A local Temporal comes back within a moment; what is wrong with a cluster is mended by a person. */
const LOCAL_RETRY = 250;
const CLUSTER_RETRY = 1_000;
const PROBE_TIMEOUT = 1_000;

/** Where a worker connects to. */
export interface PatientOptions {
  readonly target: ConnectionTarget;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Connects as soon as Temporal can be used: a worker that starts before its server must wait for it, and the SDK's own connect gives
 * up. Why it waits for a cluster is logged once, and again when that changes.
 * @throws AbortError on the signal
 */
export async function connectPatiently({ target, logger, signal }: PatientOptions): Promise<NativeConnection> {
  const isLocal = target.mode === "local";
  let said = "";
  const say = ({ message, hint, cause }: OpsError): void => {
    if (message !== said) logger.warn(`${message} ${hint}`, cause === undefined ? {} : { error: cause });
    said = message;
  };
  const retry = (): Promise<void> => sleep(isLocal ? LOCAL_RETRY : CLUSTER_RETRY, undefined, { signal });
  for (;;) {
    signal.throwIfAborted();
    if ((await tcpProbe(target.address, PROBE_TIMEOUT)) === "open") {
      // Not sooner: it ends with the last of what uses it, so one that nothing ever used would keep the process alive for good.
      installRuntime(logger);
      try {
        return await withNamespace(
          await NativeConnection.connect(connectionOptions(target) as NativeConnectionOptions),
          target,
          say,
          retry,
        );
      } catch (error) {
        signal.throwIfAborted();
        say(await unreachable(target, error));
      }
    } else if (!isLocal) say(await unreachable(target));
    await retry();
  }
}

/** Waits for the namespace too: a worker in one that does not exist would end, and be started again, for ever. */
async function withNamespace(
  connection: NativeConnection,
  target: ConnectionTarget,
  say: (failure: OpsError) => void,
  retry: () => Promise<void>,
): Promise<NativeConnection> {
  try {
    for (;;) {
      const failure = await describeNamespace(connection, target);
      // Being denied the look, or not answered, is no answer to whether it exists.
      if (failure !== undefined && (isNamespaceMissing(failure) || hasCode(failure, "temporal_denied"))) say(failure);
      if (failure === undefined || !isNamespaceMissing(failure)) return connection;
      await retry();
    }
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function describeNamespace(connection: NativeConnection, target: ConnectionTarget): Promise<OpsError | undefined> {
  if (target.mode === "local") return undefined;
  return await connection.workflowService.describeNamespace({ namespace: target.namespace }).then(
    () => undefined,
    (error: unknown) => connectionFailure(target, error),
  );
}
