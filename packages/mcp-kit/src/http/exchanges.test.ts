import { describe, test } from "vitest";
import { httpFixture, type HttpFixture } from "../fixture/http.ts";
import { ACCEPT, begin, callOf, listen, LISTENABLE, metric, post, postModern } from "../fixture/http-requests.ts";

// What is open, or in flight, when its token is revoked or expires.

const YEAR_MS = 31_536_000_000;
const PATIENT = { timeout: 15_000 };

/** A server, and how its tokens are lost. */
async function losing(how: "revoked" | "expired"): Promise<HttpFixture & { lose(token: string): Promise<void> }> {
  let clock = Date.now();
  const http = await httpFixture({ definition: LISTENABLE, now: () => new Date(clock) });
  const lose = async (token: string): Promise<void> => {
    if (how === "revoked") await http.tokens.revoke(token.slice(4, 14), "tty:ann");
    else clock += 2 * YEAR_MS;
  };
  return Object.assign(http, { lose });
}

describe.concurrent.each(["revoked", "expired"] as const)("where a token is %s", (how) => {
  test("its stream of the 2026 era that waits for changes ends, and that of another stays", async ({ expect }) => {
    await using http = await losing(how);
    const [lost, kept] = [await http.token(), await http.token({ expires_at: new Date(Date.now() + 3 * YEAR_MS).toISOString() })];
    const [stream, other] = [await listen(http, lost), await listen(http, kept)];
    expect(stream.response.status).toBe(200);
    await http.lose(lost);
    expect(await stream.response.text()).toContain("subscriptions/acknowledged");
    const reader = other.response.body!.getReader();
    await reader.read();
    const more = reader.read().then(
      () => "ended",
      () => "gone",
    );
    other.end();
    expect(await more).toBe("gone");
  });

  test("its stream of the 2025 era ends with its session", async ({ expect }) => {
    await using http = await losing(how);
    const token = await http.token();
    const session = await begin(http, token);
    const stream = await fetch(http.url, { headers: { ...ACCEPT, authorization: `Bearer ${token}`, ...session } });
    expect(stream.status).toBe(200);
    await http.lose(token);
    expect(await stream.text()).not.toContain("data:");
    await expect.poll(() => metric(http, "http_sessions"), PATIENT).toBe(0);
  });

  test("calls in flight are cancelled in both eras, and their streams end without a result", async ({ expect }) => {
    await using http = await losing(how);
    const token = await http.token();
    const session = await begin(http, token);
    const never = { name: "show_failure", arguments: { how: "never" } };
    const legacy = await post(http, token, callOf(1, never.name, never.arguments), session);
    const told = await postModern(http, token, "tools/call", { ...never, _meta: { progressToken: 1 } });
    const silent = postModern(http, token, "tools/call", { ...never, arguments: { how: "gated" } });
    await expect.poll(() => metric(http, "http_active_requests"), PATIENT).toBe(3);
    await http.lose(token);
    expect(await legacy.text()).not.toContain("result");
    expect(await told.text()).toMatch(/notifications\/progress(?![^]*"result")/);
    expect((await silent).status).toBe(401);
    await expect.poll(() => metric(http, "http_active_requests"), PATIENT).toBe(0);
    await expect.poll(() => http.audit.filter(({ outcome }) => outcome === "cancelled").length, PATIENT).toBe(3);
  });
});
