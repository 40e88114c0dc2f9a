import { hasCode } from "@platform-ops/errors";
import { Connection, type ConnectionOptions } from "@temporalio/client";
import { fromFailure } from "../failure/from-failure.ts";
import { connectionFailure, unreachable } from "./connection-failure.ts";
import { isLoopback, type ConnectionTarget } from "./connection-target.ts";
import { tcpProbe } from "./probe.ts";

/** Milliseconds. Nothing listens, or nothing answers: said within 2 s, locally and across a network. */
const PROBE_TIMEOUT = 1_500;
const LOCAL_CONNECT_TIMEOUT = 1_900;
/** Where its supervisor just said that it serves: a process that waits for a processor, among thirty that start, takes its time. */
const VOUCHED_CONNECT_TIMEOUT = 15_000;
/** TLS and authentication across an ocean take several round trips. */
const CLUSTER_CONNECT_TIMEOUT = 5_000;

/**
 * Reconnect within half a second after the server came back, instead of up to eight; measured: they only help together.
 * A proxy of the environment never stands before a loopback address.
 */
const channelArgs = (address: string): NonNullable<ConnectionOptions["channelArgs"]> => ({
  "grpc.use_local_subchannel_pool": 1,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 500,
  ...(isLoopback(address) ? { "grpc.enable_http_proxy": 0 } : {}),
});

/** What both SDK connections take from a target. */
export function connectionOptions(target: ConnectionTarget): Pick<ConnectionOptions, "address" | "tls" | "metadata"> & { apiKey?: string } {
  return {
    address: target.address,
    ...(target.tls === undefined ? {} : { tls: target.tls }),
    ...(target.apiKey === undefined ? {} : { apiKey: target.apiKey }),
    ...(target.metadata === undefined ? {} : { metadata: { ...target.metadata } }),
  };
}

/** Throws `temporal_unavailable` at once where nothing listens. */
export async function requireListener(target: ConnectionTarget, timeoutMs = PROBE_TIMEOUT): Promise<void> {
  if ((await tcpProbe(target.address, timeoutMs)) !== "open") throw await unreachable(target);
}

/**
 * Connects, or fails within 2 s (5 s and a look at what stands in the way where a cluster listens but does not answer; 15 s where somebody vouches for a local one: one
 * that is not there refuses at once all the same).
 * @throws OpsError temporal_unavailable | temporal_denied
 */
export async function openConnection(target: ConnectionTarget, isVouched = false): Promise<Connection> {
  const began = Date.now();
  await requireListener(target, isVouched ? VOUCHED_CONNECT_TIMEOUT / 2 : PROBE_TIMEOUT);
  const known = target.mode === "local" ? LOCAL_CONNECT_TIMEOUT : CLUSTER_CONNECT_TIMEOUT;
  const limit = isVouched ? VOUCHED_CONNECT_TIMEOUT : known;
  const connectTimeout = Math.max(200, limit - (Date.now() - began));
  try {
    return await Connection.connect({ ...connectionOptions(target), channelArgs: channelArgs(target.address), connectTimeout });
  } catch (error) {
    // That it took too long says no more than that.
    throw hasCode(fromFailure(error), "temporal_denied") ? await connectionFailure(target, error) : await unreachable(target, error);
  }
}
