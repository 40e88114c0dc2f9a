import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveConformance } from "../conformance/server/serve.ts";
import { isPassed, REVISIONS, runSuite } from "../conformance/suite.ts";

// The official conformance suite against a server that is made with the kit, over HTTP: `npm run conformance` shows its answer.

let server: Awaited<ReturnType<typeof serveConformance>>;

beforeAll(async () => {
  server = await serveConformance();
});
afterAll(() => server?.[Symbol.asyncDispose]());

describe.each(REVISIONS)("%s", (revision) => {
  test("every scenario that the revision requires of a server is passed, without a warning", async () => {
    const required = (await runSuite(server.url, revision)).filter((scenario) => scenario.required);
    expect(required.length).toBeGreaterThanOrEqual(30);
    expect(required.filter((scenario) => !isPassed(scenario) || scenario.warnings.length > 0)).toEqual([]);
  });
});
