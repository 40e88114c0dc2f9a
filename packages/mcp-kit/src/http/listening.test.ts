import { expect, test } from "vitest";
import { httpFixture } from "../fixture/http.ts";
import { listen, LISTENABLE, metric } from "../fixture/http-requests.ts";
import { Places } from "./places.ts";

// Streams of the 2026 era that wait for changes: who may hold how many.

test("one principal does not take every stream, and who is refused is told in words", async () => {
  await using http = await httpFixture({ definition: LISTENABLE, limits: { sessions: 3, sessions_per_principal: 2 } });
  const [ann, ben, eve] = await Promise.all(["ann", "ben", "eve"].map((principal) => http.token({ principal })));
  const [first, second] = [await listen(http, ann!), await listen(http, ann!)];
  for (const { response } of [first, second]) {
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain("text/event-stream");
  }
  const refused = (await listen(http, ann!)).response;
  expect(refused.status).toBe(503);
  expect(refused.headers.get("retry-after")).toBe("30");
  expect(((await refused.json()) as { error: { message: string } }).error.message).toContain("2 for each principal, 3 in all");
  // Another one still has a place; then all are taken.
  const third = await listen(http, ben!);
  expect(third.response.status).toBe(200);
  expect((await listen(http, eve!)).response.status).toBe(503);
  expect(await metric(http, 'http_refused_total{reason="listening"}')).toBe(2);
  // Who goes leaves its place.
  first.end();
  await expect.poll(async () => (await listen(http, ann!)).response.status).toBe(200);
  for (const one of [second, third]) one.end();
});

test("a place is left once", () => {
  const places = new Places(2, 1);
  const leave = places.take("ann")!;
  expect(places.take("ann")).toBeUndefined();
  leave();
  leave();
  expect(places.taken).toBe(0);
  expect([places.take("ann"), places.take("ben"), places.take("eve")].map((one) => one !== undefined)).toEqual([true, true, false]);
});
