import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { seeded, type Random } from "../chaos/random.ts";
import { until } from "../support/processes.ts";
import { recordedOpening } from "../support/published-bins.ts";
import { messagesOf, OPENING, startWire, type Wire } from "../support/wire.ts";
import { ENVELOPE, messageOf, type FuzzMessage } from "./message.ts";
import { change, factsOf, type ProcessFacts } from "./process-facts.ts";
import { emptyMachine, leakIn, MEMORY_MB, type SessionOptions, type SessionReport } from "./session.ts";

/** What a client opens with; the server chooses the era by it. */
const OPENINGS: readonly (readonly object[])[] = [OPENING, [{ id: 0, method: "server/discover", params: { _meta: ENVELOPE } }], []];
/** Messages after which a server is as warm as it gets. */
const WARM = 300;

/** Sends messages to a server at its bare pipes, in pieces and in floods, and looks at all that comes back. */
export async function stdioSession({ published, seed, messages }: SessionOptions): Promise<SessionReport> {
  await using machine = await emptyMachine();
  const random = seeded(seed);
  const { tools } = recordedOpening(published);
  const wire = startWire({ bin: published.bin, home: machine.env["PLATFORM_OPS_HOME"]!, cwd: machine.folder, args: [], env: machine.env });
  const owed = new Map<string, FuzzMessage>();
  const problems: string[] = [];
  let before: ProcessFacts | undefined;
  let held = "";
  try {
    for (const message of random.pick(OPENINGS)) wire.send(message);
    let at = 0;
    const lives = (): boolean => at < messages && wire.child.exitCode === null;
    while (lives()) {
      const size = Math.min(messages - at, random.chance(0.05) ? 200 : random.int(1, 12));
      const flood = Array.from({ length: size }, (_, i) => messageOf({ random, at: at + i, tools }));
      at += size;
      for (const message of flood) {
        if (message.owed !== undefined) owed.set(message.owed, message);
        if (message.forgiven !== undefined) owed.delete(message.forgiven);
      }
      await write(wire, random, flood);
      if (before === undefined && at >= Math.min(WARM, messages / 3)) {
        await aligned(wire, `warm-${at}`);
        before = factsOf(wire.child.pid!);
      }
    }
    await aligned(wire, "last");
    await answered(wire, owed);
    const after = await settledFacts(wire.child.pid!, before!);
    held = change(before!, after);
    if (after.rssMb > before!.rssMb + MEMORY_MB) problems.push(`memory: ${held}`);
    if (after.handles > before!.handles + 2 || after.children > 0) problems.push(`handles: ${held}, ${after.children} children`);
  } catch (error) {
    const { exitCode, signalCode } = wire.child;
    problems.push(
      `${error instanceof Error ? error.message : String(error)}; exit ${exitCode ?? signalCode ?? "none"}: ${wire.stderr().slice(-500)}`,
    );
  }
  problems.push(...faultsOf(wire));
  wire.child.stdin.end();
  const { code } = await wire.end();
  if (code !== 0) problems.push(`ended with ${code} at the end of input: ${wire.stderr().slice(-500)}`);
  return {
    title: `${published.server} over stdio`,
    repeat: `--transport stdio --server ${published.server} --session ${seed} --messages ${messages}`,
    messages,
    problems: [...new Set(problems)].slice(0, 20),
    held,
  };
}

/** All of a flood as one stream of bytes, cut where chance has it. */
async function write(wire: Wire, random: Random, flood: readonly FuzzMessage[]): Promise<void> {
  const bytes = Buffer.concat(flood.flatMap((message) => [message.bytes, Buffer.from(random.chance(0.05) ? "\r\n" : "\n")]));
  let from = 0;
  while (from < bytes.length) {
    const to = random.chance(0.5) ? bytes.length : Math.min(bytes.length, from + random.int(1, 4000));
    if (!wire.child.stdin.write(bytes.subarray(from, to))) await drained(wire);
    if (random.chance(0.1)) await sleep(0);
    from = to;
  }
}

/** Resolves when the server has read what was written, or has ended. */
async function drained({ child: { stdin } }: Wire): Promise<void> {
  const over = new AbortController();
  await Promise.race(["drain", "close"].map((event) => once(stdin, event, { signal: over.signal }).catch(() => undefined)));
  over.abort();
}

/** Resolves when the server has answered a request that was sent after all else. */
async function aligned(wire: Wire, id: string): Promise<void> {
  wire.send({ id, method: "tools/list", params: { _meta: ENVELOPE } });
  await until(() => wire.child.exitCode !== null || wire.stdout().includes(`"id":"${id}"`), `the answer to ${id}`, 60);
  if (wire.child.exitCode !== null) throw new Error("the server ended");
}

async function answered(wire: Wire, owed: ReadonlyMap<string, FuzzMessage>): Promise<void> {
  const missing = (): FuzzMessage[] => {
    const ids = new Set(messagesOf(wire.stdout()).map(({ id }) => id as unknown));
    return [...owed].filter(([id]) => !ids.has(id)).map(([, message]) => message);
  };
  await until(() => missing().length === 0, "answers", 20).catch(() => {
    const [first] = missing();
    throw new Error(`${missing().length} requests were never answered, first (${first?.kind}): ${first?.bytes.toString().slice(0, 400)}`);
  });
}

/** What is held once nothing more is worked on. */
async function settledFacts(pid: number, before: ProcessFacts): Promise<ProcessFacts> {
  await until(() => factsOf(pid).handles <= before.handles + 2 && factsOf(pid).children === 0, "handles to be closed", 15).catch(
    () => undefined,
  );
  return factsOf(pid);
}

/** What is wrong with what was said. */
function faultsOf(wire: Wire): string[] {
  try {
    const messages = messagesOf(wire.stdout());
    const leaks = messages.map((message) => leakIn(JSON.stringify(message))).filter((leak) => leak !== undefined);
    const failed = messages.filter(({ error }) => error?.code === -32603).map((message) => JSON.stringify(message).slice(0, 300));
    const unforeseen = messages
      .filter(({ result }) => result?.structuredContent?.error?.code === "unexpected")
      .map((message) => JSON.stringify(message.result).slice(0, 500));
    return [
      ...leaks.map((leak) => `said: ${leak}`),
      ...failed.map((text) => `an internal error: ${text}`),
      ...unforeseen.map((text) => `not foreseen: ${text}`),
    ];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
