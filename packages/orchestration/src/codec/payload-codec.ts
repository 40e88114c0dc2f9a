import { seal, unseal, type Keyring } from "@platform-ops/ledger";
import { hasCode } from "@platform-ops/errors";
import type { Payload, PayloadCodec, SerializationContext } from "@temporalio/common";
import { isRunOfSchedule } from "../contract/names.ts";
import { foreignPayload, type ForeignReason } from "./foreign.ts";
import { packPayload, unpackPayload } from "./payload-bytes.ts";

/** Value of the metadata key `encoding` of what we sealed. */
export const SEALED_ENCODING = "binary/platform-ops-sealed";
/** Metadata key that names the run to which a payload is bound; empty where the SDK gave no context. */
export const OWNER_METADATA = "platform-ops-workflow-id";

const text = new TextEncoder();
const fromText = new TextDecoder();

/** The id to which a payload is bound: the workflow's, else the stand-alone activity's, else none. */
function ownerOf(context: SerializationContext | undefined): string {
  if (context === undefined) return "";
  if (context.workflowId !== undefined) return context.workflowId;
  return context.type === "activity" ? `activity/${context.activityId ?? ""}` : "";
}

const associatedData = (owner: string): string => `temporal-payload:${owner}`;

function marker(reason: ForeignReason): Payload {
  return { metadata: { encoding: text.encode("json/plain") }, data: text.encode(JSON.stringify(foreignPayload(reason))) };
}

/** Opens one payload, or says why it is foreign. Never throws. */
function open(keys: Keyring, payload: Payload, context: SerializationContext | undefined): Payload | ForeignReason {
  const encoding = payload.metadata?.["encoding"];
  const owner = payload.metadata?.[OWNER_METADATA];
  if (!encoding || fromText.decode(encoding) !== SEALED_ENCODING || !owner || !payload.data) return "plaintext";
  const claimed = fromText.decode(owner);
  if (context !== undefined && claimed !== ownerOf(context) && !isRunOfSchedule(claimed, ownerOf(context))) return "other_run";
  try {
    return unpackPayload(unseal(keys, payload.data, associatedData(claimed)));
  } catch (error) {
    return hasCode(error, "key_missing") ? "key" : "altered";
  }
}

/**
 * The strict codec: AES-256-GCM on every payload, bound to the run's id (associated data, repeated in the metadata so that
 * a viewer without context can open it too). What it cannot accept decodes to a marker (`isForeign`), because an
 * exception here ends the worker, again after each restart: one plaintext signal by any local process would be enough.
 *
 * What a schedule holds is sealed for the id from which Temporal makes those of its runs, and opens in these alone.
 *
 * Without a context (errors of failed activations, a schedule's memo) payloads are bound to no run, and are accepted only where
 * they are decoded without a context too.
 */
export function payloadCodec(keys: Keyring): PayloadCodec {
  return {
    async encode(payloads, context) {
      const owner = ownerOf(context);
      const metadata = { encoding: text.encode(SEALED_ENCODING), [OWNER_METADATA]: text.encode(owner) };
      return payloads.map((payload) => ({ metadata, data: seal(keys, packPayload(payload), associatedData(owner)) }));
    },
    async decode(payloads, context) {
      return payloads.map((payload) => {
        const opened = open(keys, payload, context);
        return typeof opened === "string" ? marker(opened) : opened;
      });
    },
  };
}
