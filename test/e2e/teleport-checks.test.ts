// What is looked up before, or beside, the first use of a cluster: who is logged in, and whether tsh goes with the proxy.
import { callTool } from "@platform-ops/mcp-kit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { machinesServer, teleportConfig, type MachinesServer } from "../support/flux-teleport.ts";
import { SSHD_MISSING, startSshd, type Sshd } from "../support/sshd.ts";
import { pingAnswer, startProxy, type EmulatedProxy } from "../support/tsh/proxy.ts";
import { startTsh, type EmulatedTsh } from "../support/tsh/start-tsh.ts";
import type { EmulatedTeleport } from "../support/tsh/state.ts";

describe.skipIf(SSHD_MISSING !== undefined)(`checks of a Teleport cluster ${SSHD_MISSING ?? ""}`, () => {
  let sshd: Sshd;
  let tsh: EmulatedTsh;
  let fresh: EmulatedTeleport;
  let proxy: EmulatedProxy | undefined;
  let server: MachinesServer | undefined;

  beforeAll(async () => {
    sshd = await startSshd();
    tsh = await startTsh(sshd);
    fresh = tsh.state();
  });
  afterAll(async () => {
    tsh.remove();
    await sshd.stop();
  });
  beforeEach(() => tsh.change((state) => Object.assign(state, structuredClone({ ...fresh, identities: {}, profiles: {} }))));
  afterEach(async () => {
    await Promise.all([server?.remove(), proxy?.stop()]);
    server = proxy = undefined;
  });

  /** The server beside a proxy of that version, and a tsh of that one; somebody is logged in. */
  async function open(versions: { tsh: string; proxy: string }, teleport: Record<string, unknown> = {}): Promise<void> {
    proxy = await startProxy(tsh.folder, (_, response) => void response.end(pingAnswer(versions.proxy)));
    const { address } = proxy;
    tsh.login("alice");
    tsh.change((state) => {
      state.proxies.push(address);
      Object.assign(state, { version: versions.tsh, proxy_version: versions.proxy });
      for (const profile of Object.values(state.profiles)) profile.proxy = address;
    });
    server = await machinesServer(teleportConfig(tsh, { proxy: address, ...teleport }));
  }

  async function call(tool: string, args: Record<string, unknown>): Promise<{ text: string; data: Record<string, any> }> {
    const { result } = await callTool(server!.definition, tool, args, {});
    return { text: result.text, data: result.data as Record<string, any> };
  }

  const WEB1 = { cluster: "lab", node: "web1", user: "root" };
  const sshCalls = (): string[][] => tsh.calls().filter((words) => words.includes("ssh") && !words.includes("help"));

  test.each([
    ["newer than the proxy", { tsh: "14.0.1", proxy: "13.3.8" }],
    ["two major versions behind", { tsh: "13.3.8", proxy: "15.1.0" }],
  ])("a tsh that is %s: what is asked is done, with a warning, and the proxy is asked once", async (_, versions) => {
    await open(versions);
    const before = tsh.calls().length;
    const first = await call("verify_ssh_access", WEB1);
    expect(first.data, first.text).toMatchObject({ accessible: true });
    const words = new RegExp(`tsh ${versions.tsh} with a proxy of ${versions.proxy}: .* Install tsh v${versions.proxy}\\.`);
    expect(first.data["warning"]).toMatch(words);
    expect(first.text).toMatch(words);
    // It is said once; a failure, which it may be the cause of, says it again.
    const second = await call("list_teleport_nodes", { cluster: "lab" });
    expect(second.data).toMatchObject({ success: true });
    expect(second.data).not.toHaveProperty("warning");
    const failed = await call("verify_ssh_access", { ...WEB1, node: "web9" });
    expect(failed.data).toMatchObject({ accessible: false, error: { code: "node_unknown" } });
    expect(failed.text).toMatch(words);
    expect(proxy!.asked).toEqual(["GET /webapi/ping"]);
    const asked = tsh.calls().slice(before);
    expect(asked.filter((line) => line.includes("version"))).toHaveLength(1);
  });

  test.each([
    ["of the proxy's own version", { tsh: "13.3.8", proxy: "13.1.0" }],
    ["one major version behind", { tsh: "13.3.8", proxy: "14.0.0" }],
  ])("a tsh %s: nothing to say", async (_, versions) => {
    await open(versions);
    const { data } = await call("list_teleport_nodes", { cluster: "lab" });
    expect(data).toMatchObject({ success: true, count: 5 });
    expect(data).not.toHaveProperty("warning");
    expect((await call("verify_ssh_access", WEB1)).data).not.toHaveProperty("warning");
    expect(proxy!.asked).toEqual(["GET /webapi/ping"]);
  });

  test("OpenSSH through tsh is checked in the same way", async () => {
    await open({ tsh: "14.0.1", proxy: "13.3.8" }, { mode: "openssh" });
    expect((await call("verify_ssh_access", WEB1)).data["warning"]).toContain("a client newer than the server is not supported");
  });

  test.each(["tsh", "openssh"])("an expired login (%s): refused before a command is sent, with the login as the cure", async (mode) => {
    await open({ tsh: "13.3.8", proxy: "13.3.8" }, { mode, auth: "okta" });
    tsh.login("alice", { valid_until: "2020-01-01T00:00:00Z" });
    tsh.change((state) => (state.sso = true));
    const before = sshCalls().length;
    const { data, text } = await call("verify_ssh_access", WEB1);
    expect(data, text).toMatchObject({ accessible: false, state: "not_started", error: { code: "certificate_expired" } });
    const cure = `tsh login --proxy=${proxy!.address} --auth=okta`;
    expect(data["error"].hint).toContain(cure);
    expect(text).toContain(cure);
    expect(sshCalls().length).toBe(before);
  });

  test("nobody logged in, and no login named: told so, not asked for a name", async () => {
    await open({ tsh: "13.3.8", proxy: "13.3.8" });
    tsh.change((state) => (state.profiles = {}));
    const { data, text } = await call("verify_ssh_access", { cluster: "lab", node: "web1" });
    expect(data, text).toMatchObject({ accessible: false, error: { code: "not_logged_in" } });
    expect(text).toContain("tsh login --proxy=");
  });
});
