import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { openSshTransport } from "../../packages/remote-command/src/ssh/ssh-transport.ts";
import { pidsOf, until } from "../support/processes.ts";
import { sshCluster, runLine } from "../support/ssh-cluster.ts";
import { newKey, SSHD_MISSING, startSshd, type Sshd, type SshdOptions } from "../support/sshd.ts";

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function sshd(options?: SshdOptions): Promise<Sshd> {
  const server = await startSshd(options);
  closers.push(() => server.stop());
  return server;
}

function transportTo(server: Sshd, changes: Parameters<typeof sshCluster>[1] = {}, options: { agent?: string } = {}) {
  const transport = openSshTransport({ cluster: "lab", settings: sshCluster(server, changes), ...options });
  closers.push(() => transport.close());
  return transport;
}

describe.skipIf(SSHD_MISSING !== undefined)(`the ssh transport${SSHD_MISSING === undefined ? "" : `: ${SSHD_MISSING}`}`, () => {
  it("tells exit status, both streams and death by a signal apart", async () => {
    const transport = transportTo(await sshd());
    expect(await runLine(transport, "echo out; echo err >&2; exit 7")).toMatchObject({
      how: "exited",
      exit_code: 7,
      stdout: "out\n",
      stderr: "err\n",
    });
    expect(await runLine(transport, "kill -TERM $$")).toMatchObject({ how: "signalled", exit_code: null, signal: "SIGTERM" });
    expect(await runLine(transport, "exit 255")).toMatchObject({ how: "exited", exit_code: 255 });
  });
});
