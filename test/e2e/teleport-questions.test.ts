// What tools ask of Teleport itself: by the emulated tsh, and by HTTPS of a proxy that answers well, badly, slowly or not at all.
import { openTsh, versionVerdict, type Surroundings, type Tsh } from "@platform-ops/remote-command";
import type { ClusterSettings } from "@platform-ops/ledger";
import type { RequestListener } from "node:http";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { freePort } from "../support/sshd.ts";
import { pingAnswer, startProxy, type EmulatedProxy } from "../support/tsh/proxy.ts";
import { remoteSettings, surroundingsOf, teleportCluster } from "../support/tsh/settings.ts";
import { startTsh, type EmulatedTsh } from "../support/tsh/start-tsh.ts";
import type { EmulatedTeleport } from "../support/tsh/state.ts";

let tsh: EmulatedTsh;
let fresh: EmulatedTeleport;
let proxy: EmulatedProxy | undefined;

beforeAll(async () => {
  // Nothing here runs a command, so no machine stands behind it.
  tsh = await startTsh({ host: "127.0.0.1", port: await freePort(), clientKey: "/nowhere", user: "root" });
  fresh = tsh.state();
});
afterAll(() => tsh.remove());
beforeEach(() => tsh.change((state) => Object.assign(state, structuredClone(fresh))));
afterEach(async () => {
  await proxy?.stop();
  proxy = undefined;
});

function ask(teleport: Partial<ClusterSettings["teleport"]> = {}, env: Record<string, string> = {}): Tsh {
  const around: Surroundings = surroundingsOf(tsh);
  const clusters = {
    lab: teleportCluster(tsh, teleport),
    plain: { ...teleportCluster(tsh), transport: "ssh" as const },
  };
  return openTsh(remoteSettings(tsh, clusters), { ...around, env: { ...around.env, ...env } });
}

describe("tsh", () => {
  test("is there, in a version, without asking a proxy", async () => {
    expect(await ask().installed()).toEqual({ path: tsh.path, version: "13.3.8" });
    expect(tsh.calls().at(-1)).toEqual(["version", "--client", "--format=json"]);
  });

  test("status: valid, expired, nobody; clusters and machines", async () => {
    const asked = ask({ auth: "okta" });
    expect(await asked.status("lab")).toMatchObject({ state: "not_logged_in" });
    await expect(asked.clusters("lab")).rejects.toMatchObject({
      code: "not_logged_in",
      hint: expect.stringContaining("tsh login --proxy="),
    });
    tsh.login("alice", { valid_until: "2020-01-01T00:00:00Z" });
    expect(await asked.status("lab")).toMatchObject({ state: "expired", username: "alice", logins: ["root", "ghost"] });
    await expect(asked.nodes("lab")).rejects.toMatchObject({ code: "certificate_expired" });
    tsh.login("alice");
    expect(await asked.status("lab")).toMatchObject({ state: "valid", cluster: "loop.test", proxy: tsh.proxy });
    expect(await asked.clusters("lab")).toEqual([{ name: "loop.test", online: true, type: "root", selected: true }]);
    expect(await asked.nodes("lab")).toHaveLength(5);
  });

  test("a login that was taken away while we believed in it is told, and not believed any more", async () => {
    tsh.login("alice");
    const asked = ask();
    await asked.nodes("lab");
    tsh.change((state) => (state.profiles = {}));
    await expect(asked.nodes("lab")).rejects.toMatchObject({ code: "not_logged_in" });
    const before = tsh.calls().length;
    await expect(asked.nodes("lab")).rejects.toMatchObject({ code: "not_logged_in" });
    expect(
      tsh
        .calls()
        .slice(before)
        .map((call) => call.includes("status")),
    ).toEqual([true]);
  });

  test("access requests: made, listed, shown; never approved", async () => {
    const asked = ask({ identity_file: tsh.identity("bob") });
    expect(await asked.requests("lab")).toEqual([]);
    const { id } = await asked.createRequest("lab", { roles: ["loop-ssh"], reason: "the disk of web1; $(id) 'is full'" });
    const made = { id, user: "bob", roles: ["loop-ssh"], state: "pending", reason: "the disk of web1; $(id) 'is full'" };
    expect(await asked.requests("lab")).toMatchObject([made]);
    expect(await asked.showRequest("lab", id)).toMatchObject(made);
    await asked.createRequest("lab", { nodes: ["9c3a0edb-3464-4b4f-af26-225e88cbf95f"], reason: "x" });
    expect((await asked.requests("lab"))[1]).toMatchObject({ resources: ["/loop.test/node/9c3a0edb-3464-4b4f-af26-225e88cbf95f"] });
    await expect(asked.showRequest("lab", "nope")).rejects.toMatchObject({ code: "not_found" });
    expect(asked.loginCommand("lab", { requestId: id })).toContain(`--request-id=${id} loop.test`);
    expect(tsh.calls().flat()).not.toContain("review");
  });

  test.each([
    [{ roles: ["--nowait=false"], reason: "x" }],
    [{ roles: ["a,b"], reason: "x" }],
    [{ roles: ["a\nb"], reason: "x" }],
    [{ nodes: ["web1"], reason: "x" }],
    [{ reason: "x" }],
    [{ roles: ["a"], reason: "x\u0000" }],
  ])("a wish %j asks nobody", async (wish) => {
    const asked = ask({ identity_file: tsh.identity("bob") });
    const before = tsh.calls().length;
    await expect(asked.createRequest("lab", wish)).rejects.toMatchObject({ code: "invalid_input" });
    expect(tsh.calls().length).toBe(before);
  });

  test.each([
    ["nope", "not_allowed"],
    ["__proto__", "not_allowed"],
    ["plain", "invalid_input"],
  ])("a cluster %s is refused", async (cluster, code) => {
    await expect(ask().nodes(cluster)).rejects.toMatchObject({ code });
  });

  test("a call can be cancelled, and a tsh that waits for a browser is not waited for", async () => {
    tsh.change((state) => (state.sso = true));
    const stop = new AbortController();
    const asked = ask({ identity_file: tsh.identity("alice") });
    await asked.installed();
    stop.abort();
    await expect(asked.nodes("lab", stop.signal)).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("a proxy by HTTPS", () => {
  const start = async (answer: RequestListener): Promise<EmulatedProxy> => (proxy = await startProxy(tsh.folder, answer));
  const well: RequestListener = (_, response) => void response.end(pingAnswer("15.4.2"));

  test("its version, without credentials; verdict by majors", async () => {
    const { address, asked } = await start(well);
    const seen = await ask({ proxy: address, insecure: true }).proxyVersion("lab");
    expect(seen).toEqual({
      proxy: address,
      version: "15.4.2",
      min_client_version: "12.0.0",
      cluster_name: "loop.test",
      auth_type: "oidc",
      auth_connector: "okta",
    });
    expect(asked).toEqual(["GET /webapi/ping"]);
    expect(versionVerdict("13.3.8", seen.version)).toMatchObject({ verdict: "client_too_old", install: "15.4.2" });
  });

  test("a certificate that nobody here trusts is told; with SSL_CERT_FILE it is trusted", async () => {
    const { address, certificate } = await start(well);
    const strict = { proxy: address, insecure: false };
    await expect(ask(strict).proxyVersion("lab")).rejects.toMatchObject({
      code: "proxy_unreachable",
      message: expect.stringContaining("certificate"),
    });
    expect(await ask(strict, { SSL_CERT_FILE: certificate }).proxyVersion("lab")).toMatchObject({ version: "15.4.2" });
  });

  test.each<[string, RequestListener]>([
    ["an error", (_, response) => void response.writeHead(500).end("{}")],
    ["no JSON", (_, response) => void response.end("<html>")],
    ["a version that is none", (_, response) => void response.end('{"server_version":"\\u001b[2J rm -rf"}')],
    ["a redirect", (_, response) => void response.writeHead(302, { location: "https://example.com/" }).end()],
    ["an endless body", (_, response) => void setInterval(() => response.write("x".repeat(65_536)), 1).unref()],
  ])("that answers with %s is no proxy", async (_, answer) => {
    const { address } = await start(answer);
    await expect(ask({ proxy: address, insecure: true }).proxyVersion("lab")).rejects.toMatchObject({ code: "proxy_unreachable" });
  });

  test("that is not there, or whose address is none", async () => {
    const closed = `127.0.0.1:${await freePort()}`;
    await expect(ask({ proxy: closed }).proxyVersion("lab")).rejects.toMatchObject({ code: "proxy_unreachable" });
    await expect(ask({ proxy: "http://example.com/x" }).proxyVersion("lab")).rejects.toMatchObject({ code: "invalid_input" });
  });

  test("that accepts and says nothing: cancelled when we go", async () => {
    const stop = new AbortController();
    const { address } = await start(() => stop.abort());
    await expect(ask({ proxy: address, insecure: true }).proxyVersion("lab", stop.signal)).rejects.toMatchObject({ code: "cancelled" });
  });

  test("behind an HTTP proxy tsh asks in our place", async () => {
    const seen = await ask({ identity_file: tsh.identity("alice") }, { HTTPS_PROXY: "http://127.0.0.1:9" }).proxyVersion("lab");
    expect(seen).toEqual({ proxy: tsh.proxy, version: "13.3.8" });
  });
});
