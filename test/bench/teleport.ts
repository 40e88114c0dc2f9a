import { spawn } from "node:child_process";
import { openRemote, type Remote } from "@platform-ops/remote-command";
import { remotePolicy } from "../../packages/remote-command/src/testing/remote-settings.ts";
import { tshEnvironment } from "../../packages/remote-command/src/teleport/tsh-program.ts";
import { openTeleportTransport } from "../../packages/remote-command/src/teleport/teleport-transport.ts";
import { SSHD_MISSING, startSshd } from "../support/sshd.ts";
import { remoteSettings, surroundingsOf, teleportCluster } from "../support/tsh/settings.ts";
import { startTsh } from "../support/tsh/start-tsh.ts";
import { median, pairs, report, type Pair } from "./measure.ts";

/** A result is there once both streams are whole: until its tsh has ended too, the next one would be measured beside it. */
const REST_MS = 150;

/**
 * What we add to `tsh ssh`: the same words to the same emulated tsh, started bare and by us, next to each other and in turns. The
 * emulator is slower or faster than a real tsh, but the difference is ours alone. The tsh program is used once for each command.
 */
export async function benchTeleport(rounds = 80): Promise<void> {
  if (SSHD_MISSING !== undefined) return void process.stdout.write(`teleport: ${SSHD_MISSING}\n`);
  const sshd = await startSshd();
  const tsh = await startTsh(sshd);
  const settings = remoteSettings(tsh, { lab: teleportCluster(tsh, { identity_file: tsh.identity("alice") }) });
  const surroundings = surroundingsOf(tsh);
  // The same environment on both sides: what a tool that runs this puts into ours would slow one of them.
  const env = tshEnvironment(settings, surroundings);
  const target = { cluster: "lab", node: "web1", user: "root" };
  const transport = openTeleportTransport("lab", settings, surroundings);
  let line = "";
  const watched = {
    ...transport,
    exec: (request: Parameters<typeof transport.exec>[0]) => ((line = request.line), transport.exec(request)),
  };
  const remote: Remote = openRemote({ settings, policy: remotePolicy(), surroundings, transportFor: () => watched });
  const bare = async (): Promise<void> => {
    const end = await transport.exec({
      target,
      line: "uptime",
      input: new Uint8Array(),
      signal: new AbortController().signal,
      graceMs: 1000,
      onStdout: () => undefined,
      onStderr: () => undefined,
    });
    if (end.exit_code !== 0) throw new Error(JSON.stringify(end));
  };
  const whole = async (): Promise<void> => {
    const options = { effect: "read", timeoutMs: 60_000, capture: { for: "model", maxBytes: 20_000 } } as const;
    const result = await remote.run(target, { kind: "program", program: "uptime", args: [] }, options);
    if (result.exit_code !== 0) throw new Error(JSON.stringify(result));
  };
  try {
    await bare();
    const words = tsh.calls().findLast((call) => call.includes("ssh") && !call.includes("help")) ?? [];
    await whole();
    const alone = (line: string) => () => program(tsh.path, [...words.slice(0, -1), line], env);
    added("tsh ssh: the transport, the same bare line", await pairs(bare, alone(words.at(-1) ?? ""), rounds, REST_MS), "≤ 10 ms added");
    const sent = line;
    added("tsh ssh: the whole door, the same line as it sends", await pairs(whole, alone(sent), rounds, REST_MS), "≤ 10 ms added");
  } finally {
    await remote.close();
    tsh.remove();
    await sshd.stop();
  }
}

/** The median of the differences; and the same of the processor time of this process, which a busy machine hardly changes. */
function added(what: string, taken: readonly Pair[], aim: string): void {
  const [ours, theirs] = [taken.map((pair) => pair.ours), taken.map((pair) => pair.theirs)];
  const difference = median(taken.map((pair) => pair.ours - pair.theirs));
  const cpu = median(taken.map((pair) => pair.cpu.ours - pair.cpu.theirs));
  const figure = `${median(ours).toFixed(0)} : ${median(theirs).toFixed(0)} ms = ${signed(difference)} ms (processor ${signed(cpu)})`;
  report(what, figure, aim);
}

const signed = (milliseconds: number): string => `${milliseconds >= 0 ? "+" : ""}${milliseconds.toFixed(1)}`;

/** Nothing but the program, with stdin open, as ours is: a command in an envelope ends when it closes. */
function program(path: string, words: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, [...words], { env, stdio: ["pipe", "pipe", "pipe"] });
    child.stdout.resume();
    child.stderr.resume();
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`tsh ended with ${code}`))));
  });
}
