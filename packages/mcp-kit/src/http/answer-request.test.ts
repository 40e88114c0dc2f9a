import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { HTTP_LIMITS, type TokenGrant, type Tokens } from "@platform-ops/ledger";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fixture } from "../fixture/definition.ts";
import { admitByToken } from "./access.ts";
import { RequestAnswers } from "./answer-request.ts";
import { LOOPBACK_HOSTS } from "./guard.ts";
import { Metrics } from "./metrics.ts";
import { Sessions } from "./sessions.ts";

// What is answered where the server is not for this machine only; that it listens elsewhere is left out here.

const GRANT: TokenGrant = {
  id: "0123456789",
  server: "fixture-mcp",
  principal: "ann",
  read_only: false,
  created_at: "",
  created_by: "",
  expires_at: "",
};
const tokens = { check: (token: string) => (token === "good" ? GRANT : { refused: "unknown" }), recheck: () => GRANT } as unknown as Tokens;

let isReady = true;
let url: string;
let close: () => Promise<void>;
beforeEach(async () => {
  isReady = true;
  const { definition } = fixture();
  const metrics = new Metrics([], () => ({}));
  const answers = new RequestAnswers({
    definition,
    gate: admitByToken(definition, tokens),
    sessions: new Sessions(HTTP_LIMITS, () => undefined),
    metrics,
    limits: HTTP_LIMITS,
    guard: { hosts: LOOPBACK_HOSTS, origins: [] },
    scheme: "http",
    openMetrics: false,
    ready: async () => {
      if (!isReady) throw new Error("the disk is gone, secret-path");
    },
  });
  const server = createServer((request, response) => void answers.answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = async () => {
    await answers.close();
    metrics.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
});
afterEach(() => close());

test("figures are for those with a token", async () => {
  expect((await fetch(`${url}/metrics`)).status).toBe(401);
  expect((await fetch(`${url}/metrics`, { headers: { authorization: "Bearer bad" } })).status).toBe(401);
  expect((await fetch(`${url}/metrics`, { headers: { authorization: "Bearer good" } })).status).toBe(200);
});

test("health is for everybody, by whatever name they came, and tells nothing", async () => {
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  isReady = false;
  const answer = await fetch(`${url}/readyz`);
  expect([answer.status, await answer.text()]).toEqual([503, "not ready\n"]);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect((await fetch(`${url}/healthz`, { method: "POST" })).status).toBe(405);
});
