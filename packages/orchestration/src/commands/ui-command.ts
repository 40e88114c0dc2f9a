import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command, Keyring } from "@platform-ops/ledger";
import { serveCodec, type JsonPayload } from "../local/codec-endpoint.ts";
import { isOtherTemporalThere } from "../local/diagnose-temporal.ts";
import { choosePort } from "../local/port.ts";
import { showTemporalUi } from "../local/supervisor-client.ts";

/** What `ui` needs; without keys the page shows payloads sealed. */
export interface UiPort {
  readonly home: string;
  readonly keys?: (() => Promise<Keyring>) | undefined;
}

const RENEW_MS = 20_000;

/** `ui`: Temporal's own page over the local server, with payloads opened by this process, until it is ended. */
export function uiCommand(port: UiPort): Command<void> {
  return {
    name: "ui",
    summary: "Show Temporal's own page over the local server, until Ctrl-C",
    usage: "ui",
    examples: ["ui"],
    async run(_input, _deps, terminal, signal) {
      const uiPort = await choosePort(`${port.home}/ui`);
      const origin = `http://127.0.0.1:${uiPort}`;
      const codec = await serveCodec(origin, randomBytes(18).toString("base64url"), await opener(port));
      const ui = { port: uiPort, codecEndpoint: codec.url };
      try {
        const address = await showTemporalUi(port.home, ui);
        terminal.stdout(`${address ?? origin}\n`);
        terminal.stderr("Whoever can open this page on this machine sees what runs hold. Ctrl-C takes it away.\n");
        if (await isOtherTemporalThere()) terminal.stderr("Another Temporal listens on port 7233; this page is not of that one.\n");
        while (!signal.aborted) {
          await sleep(RENEW_MS, undefined, { signal }).catch(() => undefined);
          if (!signal.aborted) await showTemporalUi(port.home, ui);
        }
        return 0;
      } finally {
        await showTemporalUi(port.home, null).catch(() => undefined);
        await codec.close();
      }
    },
  };
}

/** Opens what the data directory's keys have sealed; what is foreign is shown as a marker that says so. */
async function opener(port: UiPort): Promise<(payloads: JsonPayload[]) => Promise<JsonPayload[]>> {
  if (port.keys === undefined) return async (payloads) => payloads;
  const { payloadCodec } = await import("../codec/payload-codec.ts");
  const codec = payloadCodec(await port.keys());
  return async (payloads) => {
    const sealed = payloads.map(({ metadata = {}, data = "" }) => ({
      metadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, Buffer.from(value, "base64")])),
      data: Buffer.from(data, "base64"),
    }));
    const opened = await codec.decode(sealed);
    return opened.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([key, value]) => [key, Buffer.from(value).toString("base64")])),
      data: Buffer.from(data ?? []).toString("base64"),
    }));
  };
}
