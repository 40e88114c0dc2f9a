import { once } from "node:events";
import { seeded } from "../chaos/random.ts";
import { recordedOpening } from "../support/published-bins.ts";
import { callOf, messagesOf, OPENING, startWire, type Wire } from "../support/wire.ts";
import { until } from "../support/processes.ts";
import { messageOf } from "./message.ts";
import { factsOf } from "./process-facts.ts";
import { emptyMachine, leakIn, type SessionOptions, type SessionReport } from "./session.ts";

/** The largest line that is read, and how much more a server may hold because of one that is larger: some copies of it. */
const MOST_BYTES = 10 * 1024 * 1024;
const LINE_MB = 90;

type End = (wire: Wire) => void | Promise<void>;

/** How a client can end a server in the middle of calls, and the exit code that is right. */
const ENDS: readonly (readonly [string, End, number])[] = [
  ["the end of input", ({ child }) => void child.stdin.end(), 0],
  ["half a message, and the end of input", ({ child }) => void child.stdin.end('{"jsonrpc":"2.0","id":77,"meth'), 0],
  ["SIGTERM", ({ child }) => void child.kill("SIGTERM"), 0],
  ["SIGINT, again and again", ({ child }) => [1, 2, 3, 4].forEach(() => child.kill("SIGINT")), 0],
  ["SIGHUP and the end of input", ({ child }) => void (child.kill("SIGHUP"), child.stdin.end()), 0],
  ["nobody who reads", ({ child }) => void (child.stdout.destroy(), child.stdin.write(callLine(78))), 0],
  ["a line over the limit that never ends", endlessLine, 1],
];

const callLine = (id: number): string => `${JSON.stringify({ jsonrpc: "2.0", ...callOf(id, "no_such_tool") })}\n`;

/** More than is read, without a newline; what is said behind it is never looked at. */
async function endlessLine({ child }: Wire): Promise<void> {
  const part = Buffer.alloc(256 * 1024, "[");
  const over = once(child, "close");
  for (let sent = 0; sent < 2 * MOST_BYTES && child.exitCode === null; sent += part.length)
    if (!child.stdin.write(part)) await Promise.race([once(child.stdin, "drain"), over]).catch(() => undefined);
}

/** Starts a server again and again and ends it while calls are worked on, each time in another way. */
export async function stdioEndings({ published, seed }: SessionOptions): Promise<SessionReport> {
  const { tools } = recordedOpening(published);
  const problems: string[] = [];
  let messages = 0;
  let most = 0;
  for (const [at, [how, end, right]] of ENDS.entries()) {
    await using machine = await emptyMachine();
    const wire = startWire({
      bin: published.bin,
      home: machine.env["PLATFORM_OPS_HOME"]!,
      cwd: machine.folder,
      args: [],
      env: machine.env,
    });
    for (const message of OPENING) wire.send(message);
    wire.send(callOf(1, tools[0]!.name));
    await wire.answer(1);
    const before = factsOf(wire.child.pid!).rssMb;
    const random = seeded(seed + at);
    const flood = Array.from({ length: 50 }, (_, number) => messageOf({ random, at: number, tools }));
    messages += flood.length + 3;
    wire.child.stdin.write(Buffer.concat(flood.flatMap(({ bytes }) => [bytes, Buffer.from("\n")])));
    let held = before;
    const looking = setInterval(() => {
      try {
        held = Math.max(held, factsOf(wire.child.pid!).rssMb);
      } catch {
        // It has ended.
      }
    }, 20);
    await end(wire);
    await until(() => wire.child.exitCode !== null || wire.child.signalCode !== null, "the end", 30).catch(() =>
      wire.child.kill("SIGKILL"),
    );
    clearInterval(looking);
    const { code, signal } = { code: wire.child.exitCode, signal: wire.child.signalCode };
    if (code !== right) problems.push(`${how}: ended with ${code ?? signal}: ${wire.stderr().slice(-500)}`);
    if (how.startsWith("a line") && held > before + LINE_MB) problems.push(`${how}: ${before} → ${held} MB`);
    most = Math.max(most, held);
    problems.push(...faultsOf(wire).map((fault) => `${how}: ${fault}`));
  }
  return {
    title: `${published.server} over stdio, ended in ${ENDS.length} ways`,
    repeat: `--transport endings --server ${published.server} --session ${seed}`,
    messages,
    problems,
    held: `at most ${most} MB`,
  };
}

/** What was on stdout and is no protocol, or leaks. A last line may be cut off where nobody read. */
function faultsOf(wire: Wire): string[] {
  try {
    return messagesOf(wire.stdout()).flatMap((message) => {
      const leak = leakIn(JSON.stringify(message));
      return leak === undefined ? [] : [`said ${leak}`];
    });
  } catch (error) {
    return [String(error)];
  }
}
