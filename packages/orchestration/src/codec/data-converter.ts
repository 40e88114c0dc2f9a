import type { Keyring } from "@platform-ops/ledger";
import { defaultPayloadConverter, type LoadedDataConverter } from "@temporalio/common";
import { failureConverter } from "./failure-converter.ts";
import { payloadCodec } from "./payload-codec.ts";

/** The converter that every client of ours uses; a worker takes its two parts separately. */
export function dataConverter(keys: Keyring): LoadedDataConverter {
  return { payloadConverter: defaultPayloadConverter, failureConverter, payloadCodecs: [payloadCodec(keys)] };
}
