import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import type { CallOutcome } from "@platform-ops/meta-workflow-registry/run";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createExecutors, type Executors } from "../create-executors.ts";
import { callContext, callOptions, openTestDeps, type TestDeps } from "../executor-deps.test-support.ts";

let test: TestDeps;
let executors: Executors;
let server: Server;
let other: Server;
let base = "";
let asked: string[] = [];

beforeAll(async () => {
  test = await openTestDeps(
    { environment: { PATH: process.env["PATH"], HTTP_PROXY: "http://127.0.0.1:1" } },
    { http_hosts: ["allowed.invalid:8080"] },
  );
  executors = createExecutors(test.deps);
  other = createServer((request, response) => {
    asked.push(`other ${request.url}`);
    response.end("secret");
  });
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const [, what = ""] = (request.url ?? "").split("/");
    if (what === "ok") response.end("status: healthy");
    else if (what === "bad") response.writeHead(503).end();
    else if (what === "away") response.writeHead(302, { location: elsewhere }).end();
    else if (what === "here") response.writeHead(302, { location: "/ok" }).end();
    else if (what === "round") response.writeHead(302, { location: "/round" }).end();
    else if (what === "drop") request.socket.destroy();
    else if (what === "endless") {
      response.writeHead(200);
      const timer = setInterval(() => response.write("x".repeat(65_536)), 1);
      response.on("close", () => clearInterval(timer));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  other.close();
  await executors.close();
  await test.ledger.dispose();
});

const health = (given: { readonly [name: string]: Json }): Promise<CallOutcome> => {
  asked = [];
  return executors.call({ kind: "check", check: "http.health", with: given }, callOptions({ read_only: true }), callContext());
};

describe("http.health", () => {
  it("tells what a service answers", async () => {
    expect(await health({ url: `${base}/ok`, contains: "healthy" })).toMatchObject({ status: "done", output: { ok: true, status: 200 } });
    expect(await health({ url: `${base}/ok`, contains: "ill" })).toMatchObject({ output: { ok: false, status: 200 } });
    expect(await health({ url: `${base}/bad` })).toMatchObject({ output: { ok: false, status: 503 } });
    expect(await health({ url: `${base}/bad`, status: 503 })).toMatchObject({ output: { ok: true } });
    expect(await health({ url: `${base}/drop` })).toMatchObject({ output: { ok: false, why: expect.any(String) } });
    expect(await health({ url: "http://127.0.0.1:1/" })).toMatchObject({ output: { ok: false, why: "ECONNREFUSED" } });
    expect(await health({ url: `${base}/hang`, timeout_seconds: 1 })).toMatchObject({
      output: { ok: false, why: "no answer within 1000 ms" },
    });
    expect(await health({ url: `${base}/endless`, timeout_seconds: 20 })).toMatchObject({ output: { ok: true } });
  });

  it("follows within the host only", async () => {
    expect(await health({ url: `${base}/here` })).toMatchObject({ output: { ok: true } });
    expect(asked).toEqual(["GET /here", "GET /ok"]);
    expect(await health({ url: `${base}/away` })).toMatchObject({ output: { ok: false, status: 302 } });
    expect(asked).toEqual(["GET /away"]);
    expect(await health({ url: `${base}/round` })).toMatchObject({ output: { ok: false, status: 302 } });
    expect(asked).toHaveLength(4);
  });

  it.each([
    ["http://169.254.169.254/latest/meta-data", "not_allowed"],
    ["http://allowed.invalid:9090/", "not_allowed"],
    ["http://127.0.0.1.nip.invalid/", "not_allowed"],
    ["http://localhost.evil.invalid/", "not_allowed"],
    ["http://user:pass@127.0.0.1/", "invalid_input"],
    ["file:///etc/passwd", "invalid_input"],
    ["gopher://127.0.0.1/", "invalid_input"],
    ["--help", "invalid_input"],
    ["", "invalid_input"],
  ])("does not ask %s", async (url, code) => {
    expect(await health({ url })).toMatchObject({ status: "failed", code });
    expect(asked).toEqual([]);
  });

  it("asks a host that the operator allows", async () => {
    expect(await health({ url: "http://allowed.invalid:8080/", timeout_seconds: 5 })).toMatchObject({
      status: "done",
      output: { ok: false },
    });
  });
});
