import { isPassed, REVISIONS, runSuite, type Scenario } from "./suite.ts";
import { serveConformance } from "./server/serve.ts";

// `npm run conformance`: the official suite's scenarios of servers, in both protocol eras, against a server that is made with the
// kit and offers what they expect. Ends with 1 where a required scenario failed.

const line = ({ name, passed, failures, warnings }: Scenario): string =>
  [
    `${failures.length === 0 && passed > 0 ? "✔" : "✘"} ${name}: ${passed} passed, ${failures.length} failed`,
    ...failures,
    ...warnings,
  ].join("\n    ");

await using server = await serveConformance();
let failed = 0;
for (const revision of REVISIONS) {
  const found = await runSuite(server.url, revision);
  const required = found.filter((scenario) => scenario.required);
  const passed = required.filter(isPassed);
  failed += required.length - passed.length;
  console.log(`\n${revision}: ${passed.length} of ${required.length} required scenarios passed`);
  for (const scenario of required) console.log(`  ${line(scenario)}`);
  const others = found.filter((scenario) => !scenario.required);
  const told = others.map((scenario) => `${isPassed(scenario) ? "✔" : "–"} ${scenario.name}`);
  console.log(`  not required (extensions, scenarios that are on hold): ${told.join("  ")}`);
}
process.exitCode = failed === 0 ? 0 : 1;
