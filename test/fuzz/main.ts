import { parseArgs } from "node:util";
import { PUBLISHED_BINS } from "../support/published-bins.ts";
import { httpSession } from "./http-session.ts";
import type { SessionReport } from "./session.ts";
import { stdioEndings } from "./stdio-endings.ts";
import { stdioSession } from "./stdio-session.ts";

// Hostile JSON-RPC for every built server over both transports: `npm run fuzz -- [--seed N] [--messages N] [--server NAME]
// [--transport stdio|http|endings]`; 21,000 messages in all unless said. A failed session is told with the words that repeat it alone.

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    messages: { type: "string" },
    server: { type: "string" },
    transport: { type: "string" },
    session: { type: "string" },
  },
});
const whole = (text: string | undefined, otherwise: number): number => {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`not a whole number: ${text}`);
  return value;
};

const SESSIONS = { stdio: stdioSession, http: httpSession, endings: stdioEndings } as const;
const transports = (Object.keys(SESSIONS) as (keyof typeof SESSIONS)[]).filter(
  (name) => values.transport === undefined || name === values.transport,
);
const servers = PUBLISHED_BINS.filter(({ server }) => values.server === undefined || server === values.server);
if (servers.length === 0 || transports.length === 0) throw new Error("no such server or transport");
const first = whole(values.session ?? values.seed, Date.now() % 1_000_000);
/** Endings are few, and their messages are no part of the number. */
const flooded = Math.max(1, transports.filter((name) => name !== "endings").length);
const perPair = Math.ceil(whole(values.messages, 21_000) / (servers.length * flooded));

/** One long session that shows what is kept, and shorter ones that open in other ways. */
const sizes = values.session === undefined ? [0.5, 0.2, 0.2, 0.1].map((part) => Math.ceil(perPair * part)) : [perPair];

console.log(`fuzz, seed ${first}`);
const reports: SessionReport[] = [];
for (const published of servers) {
  for (const transport of transports) {
    for (const [at, size] of (transport === "endings" ? [0] : sizes).entries()) {
      const report = await SESSIONS[transport]({ published, seed: first + at, messages: size });
      reports.push(report);
      console.log(`${report.problems.length === 0 ? "ok    " : "FAILED"} ${report.title}: ${report.messages} messages; ${report.held}`);
      if (report.problems.length > 0)
        console.log([...report.problems.map((problem) => `         ${problem}`), `         npm run fuzz -- ${report.repeat}`].join("\n"));
    }
  }
}
const failed = reports.filter(({ problems }) => problems.length > 0).length;
console.log(
  `${reports.reduce((sum, { messages }) => sum + messages, 0)} messages: ${reports.length - failed} sessions passed, ${failed} failed`,
);
process.exitCode = failed > 0 ? 1 : 0;
