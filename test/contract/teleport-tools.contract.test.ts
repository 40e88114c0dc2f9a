import { writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { connect } from "@platform-ops/mcp-kit/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { machinesServer, type MachinesServer } from "../support/flux-teleport.ts";
import { KUBECTL, KUBECTL_MISSING } from "../support/kube-api/kubectl.ts";
import { freePort } from "../support/sshd.ts";
import { pingAnswer, startProxy, type EmulatedProxy } from "../support/tsh/proxy.ts";
import { startTsh, type EmulatedTsh } from "../support/tsh/start-tsh.ts";
import type { EmulatedTeleport } from "../support/tsh/state.ts";

// The tools that ask Teleport itself, by the emulated tsh and by proxies that answer over HTTPS: keys and words of the source.

let tsh: EmulatedTsh;
let fresh: EmulatedTeleport;
let server: MachinesServer;
const proxies: EmulatedProxy[] = [];

beforeAll(async () => {
  tsh = await startTsh({ host: "127.0.0.1", port: await freePort(), clientKey: "/nowhere", user: "root" });
  fresh = tsh.state();
});
afterAll(() => tsh.remove());
beforeEach(() => tsh.change((state) => Object.assign(state, structuredClone(fresh))));
afterEach(async () => {
  await server?.remove();
  await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()));
});

/** A server whose clusters stand behind these proxies; the operator's words for what a person may do. */
async function open(clusters: Record<string, object>, more: object = {}, env: Record<string, string> = {}): Promise<void> {
  const entry = (teleport: object): object => ({
    transport: "teleport",
    teleport: { cluster: "loop.test", proxy: tsh.proxy, insecure: true, auth: "okta", ...teleport },
  });
  const remote = {
    tsh_path: tsh.path,
    teleport_home: tsh.home,
    clusters: Object.fromEntries(Object.entries(clusters).map(([name, teleport]) => [name, entry(teleport)])),
    remedies: {
      program_missing: { command: "ansible-playbook teleport.yml -e version={version}", steps: ["Pin {version}", "Run it again"] },
      not_logged_in: { command: "log-me-in {cluster} at {proxy}" },
    },
    ...more,
  };
  server = await machinesServer(JSON.stringify({ remote }), env);
}

async function proxyOf(answer: string | RequestListener): Promise<{ proxy: string }> {
  const listener: RequestListener = typeof answer === "string" ? (_, response) => void response.end(pingAnswer(answer)) : answer;
  const proxy = await startProxy(tsh.folder, listener);
  proxies.push(proxy);
  return { proxy: proxy.address };
}

async function call(name: string, args: Record<string, unknown> = {}) {
  await using client = await connect(server.definition);
  return await client.call(name, args);
}

describe("tsh on this machine", () => {
  test("check_tsh_installed and get_tsh_client_version", async () => {
    await open({ lab: {} });
    const base = { success: true, ansible_command: null, ansible_steps: [] };
    expect((await call("check_tsh_installed")).data).toMatchObject({ ...base, installed: true, path: tsh.path, version: "13.3.8" });
    const { data } = await call("get_tsh_client_version");
    expect(data).toMatchObject({ ...base, version: "13.3.8", full_version: "Teleport v13.3.8", message: "✅ tsh version 13.3.8" });
  });

  test("a tsh that tells no version is not taken for one", async () => {
    const other = join(tsh.folder, "other");
    writeFileSync(other, "#!/bin/sh\necho usage: another program\n", { mode: 0o755 });
    await open({ lab: {} }, { tsh_path: other });
    const { data, isError } = await call("get_tsh_client_version");
    expect(isError).toBe(true);
    expect(data).toMatchObject({ success: false, version: null, full_version: null, ansible_command: null });
    expect(data["message"]).toMatch(/version/);
  });

  test.each(["check_tsh_installed", "get_tsh_client_version", "verify_teleport_compatibility"])(
    "%s without one: the words of the source and of the operator, and the keys of a success",
    async (tool) => {
      await open({ lab: {} }, { tsh_path: join(tsh.folder, "nowhere") });
      const { data, isError } = await call(tool);
      expect(isError).toBe(true);
      expect(data).toMatchObject({
        success: false,
        message: "❌ tsh is not installed",
        ansible_command: "ansible-playbook teleport.yml -e version={version}",
        ansible_steps: ["Pin {version}", "Run it again"],
      });
      const own = { check_tsh_installed: { installed: false, path: null }, get_tsh_client_version: { version: null, full_version: null } };
      expect(data).toMatchObject(own[tool as keyof typeof own] ?? { compatible: false, tsh_installed: false, clusters: {}, issues: [] });
    },
  );
});

describe("proxies", () => {
  test.each([
    ["13.9.1", "compatible", true, "Compatible: tsh 13.3.8, proxy of lab 13.9.1"],
    ["14.0.0", "older", true, "tsh is older (works, consider upgrade to v14.0.0)"],
    ["15.4.2", "too_old", false, "tsh is too old (upgrade to v15.4.2)"],
    ["12.4.0", "newer", false, "tsh is NEWER (may break; install v12.4.0)"],
  ])("get_teleport_proxy_version of %s: %s", async (version, status, compatible, words) => {
    const { proxy } = await proxyOf(version);
    await open({ lab: { proxy } });
    const { data, isError } = await call("get_teleport_proxy_version", { cluster: "lab" });
    expect(isError).toBe(false);
    const versions = { proxy_version: version, proxy_url: proxy, client_version: "13.3.8" };
    expect(data).toMatchObject({ success: true, cluster: "lab", ...versions, compatible, status, ansible_steps: [] });
    expect(data["message"]).toContain(words);
  });

  test("one that does not answer, and one that is none: the words of the source, and what was asked", async () => {
    const silent = await proxyOf(() => undefined);
    const other = await proxyOf((_, response) => void response.end("<html>"));
    await open({ silent, other });
    const late = await call("get_teleport_proxy_version", { cluster: "silent" });
    expect([late.isError, late.data["message"]]).toEqual([true, `❌ Timeout connecting to silent proxy at ${silent.proxy}`]);
    const { data } = await call("get_teleport_proxy_version", { cluster: "other" });
    expect(data).toMatchObject({ success: false, cluster: "other", proxy_version: null, compatible: false });
    expect(data["message"]).toContain("Could not determine proxy version for other");
  });

  test("verify_teleport_compatibility: all, older, too new for one, and more than one issue", async () => {
    const [same, next, before, later] = [
      await proxyOf("13.4.0"),
      await proxyOf("14.1.0"),
      await proxyOf("12.0.1"),
      await proxyOf("16.0.0"),
    ];
    await open({ same });
    expect((await call("verify_teleport_compatibility")).data).toMatchObject({
      compatible: true,
      tsh_installed: true,
      client_version: "13.3.8",
      clusters: { same: { compatible: true, proxy_version: "13.4.0" } },
      issues: [],
      recommendation: null,
      message: "✅ All 1 cluster(s) are compatible with tsh 13.3.8",
    });
    await server.remove();
    await open({ same, next });
    const older = await call("verify_teleport_compatibility");
    expect(older.data).toMatchObject({ compatible: true, recommendation: "Upgrade tsh to v14.1.0 for full compatibility" });
    await server.remove();
    await open({ same, before });
    const newer = await call("verify_teleport_compatibility");
    expect(newer.data).toMatchObject({
      success: false,
      compatible: false,
      recommendation: "Install tsh v12.0.1",
      ansible_command: "ansible-playbook teleport.yml -e version=12.0.1",
      ansible_steps: ["Pin 12.0.1", "Run it again"],
    });
    expect(newer.data["issues"]).toEqual([expect.stringContaining("tsh is NEWER (may break")]);
    await server.remove();
    await open({ before, later });
    expect((await call("verify_teleport_compatibility")).data["recommendation"]).toContain("Multiple issues");
  });
});

describe("who is logged in", () => {
  test("get_teleport_status: until when, as whom; expired, and nobody, with the operator's cure", async () => {
    await open({ lab: {} });
    const nobody = await call("get_teleport_status", { cluster: "lab" });
    expect(nobody.isError).toBe(true);
    expect(nobody.data).toMatchObject({
      message: "❌ Not logged into lab cluster",
      cluster: "lab",
      state: null,
      error: { code: "not_logged_in" },
    });
    expect(nobody.data["ansible_command"]).toBe(`log-me-in lab at ${tsh.proxy}`);
    expect(nobody.text).toContain("tsh login --proxy=");
    tsh.login("alice");
    const { data, text } = await call("get_teleport_status", { cluster: "lab" });
    expect(data).toMatchObject({ success: true, state: "valid", username: "alice", roles: ["loop-ssh"], logins: ["root", "ghost"] });
    expect(text).toContain("Logged in as alice until");
    tsh.login("alice", { valid_until: "2020-01-01T00:00:00Z" });
    expect((await call("get_teleport_status", { cluster: "lab" })).data["error"]).toMatchObject({ code: "certificate_expired" });
  });

  test("list_teleport_nodes by tsh: hostname, address, labels; a part of the name in any case; nobody logged in", async () => {
    await open({ lab: {} });
    const refused = await call("list_teleport_nodes", { cluster: "lab" });
    expect(refused.data).toMatchObject({ success: false, message: "❌ Not logged into lab cluster", nodes: [], count: 0 });
    tsh.login("alice");
    const all = await call("list_teleport_nodes", { cluster: "lab" });
    expect(all.data).toMatchObject({ success: true, filter: null, message: `✅ Found ${all.data["count"]} node(s) in lab` });
    expect(all.data["nodes"][0]).toMatchObject({ hostname: expect.any(String), address: expect.any(String), labels: expect.any(Object) });
    const some = await call("list_teleport_nodes", { cluster: "lab", filter: "WEB1" });
    expect(some.data["nodes"].map(({ hostname }: { hostname: string }) => hostname)).toContain("web1");
    expect(some.data["nodes"].length).toBeLessThan(all.data["nodes"].length);
  });

  test("request_teleport_access: made, listed, shown; it has no way to approve", async () => {
    await open({ lab: { identity_file: tsh.identity("bob") } });
    expect((await call("request_teleport_access", { cluster: "lab" })).data).toMatchObject({ success: true, requests: [], count: 0 });
    const wish = { cluster: "lab", action: "create", roles: ["loop-ssh"], reason: "the disk of web1 is full" };
    const { data, text } = await call("request_teleport_access", wish);
    expect(data).toMatchObject({ success: true, state: "pending", id: expect.any(String) });
    expect(text).toContain(`--request-id=${data["id"]}`);
    const status = await call("request_teleport_access", { cluster: "lab", action: "status", id: data["id"] });
    expect(status.data["requests"]).toMatchObject([{ id: data["id"], state: "pending", reason: "the disk of web1 is full" }]);
    for (const wrong of [
      { action: "approve" },
      { action: "create", roles: ["loop-ssh"] },
      { action: "create", reason: "x" },
      { action: "status" },
    ])
      expect((await call("request_teleport_access", { cluster: "lab", ...wrong })).data["error"].code).toBe("invalid_input");
  });
});

describe.skipIf(KUBECTL_MISSING !== undefined)(KUBECTL_MISSING ?? "contexts of the local kubeconfig", () => {
  const context = (name: string): object => ({ name, context: { cluster: "none", user: "none" } });
  const kubeconfig = (contexts: readonly string[], current: string): string => {
    const file = join(tsh.folder, "kubeconfig");
    const content = { apiVersion: "v1", kind: "Config", contexts: contexts.map(context), "current-context": current };
    writeFileSync(file, JSON.stringify(content), { mode: 0o600 });
    return file;
  };

  test("are listed without asking an API", async () => {
    await open({ lab: {} }, { kubectl_path: KUBECTL }, { KUBECONFIG: kubeconfig(["staging", "production"], "staging") });
    const { data, text } = await call("list_kube_contexts");
    expect(data).toMatchObject({ success: true, contexts: ["production", "staging"], current: "staging", count: 2 });
    expect(text).toContain("Found 2 context(s), current: staging");
  });

  test("none, a file that is broken, and no kubectl", async () => {
    const file = kubeconfig([], "");
    await open({ lab: {} }, { kubectl_path: KUBECTL }, { KUBECONFIG: file });
    expect((await call("list_kube_contexts")).data).toMatchObject({ success: true, contexts: [], current: null });
    writeFileSync(file, "contexts: {");
    expect((await call("list_kube_contexts")).data["error"]).toMatchObject({ code: "command_failed" });
    await server.remove();
    await open({ lab: {} }, { kubectl_path: join(tsh.folder, "nowhere") });
    expect((await call("list_kube_contexts")).data).toMatchObject({ success: false, contexts: [], error: { code: "program_missing" } });
  });
});
