import { OpsError } from "@platform-ops/errors";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import { MAX_EVENT_BYTES } from "@platform-ops/meta-workflow-registry/run";

/** The value of an event, before it is sent. @throws OpsError too_large */
export function eventValue(value: Json): Json {
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes <= MAX_EVENT_BYTES) return value;
  throw new OpsError("too_large", `An event's value is at most ${MAX_EVENT_BYTES} bytes of JSON, and this one is ${bytes}.`, {
    hint: "Write it to a file, and send its path.",
  });
}
