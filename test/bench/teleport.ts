import { remotePolicy } from "../../packages/remote-command/src/testing/remote-settings.ts";
import { tshEnvironment } from "../../packages/remote-command/src/teleport/tsh-program.ts";
import { openTeleportTransport } from "../../packages/remote-command/src/teleport/teleport-transport.ts";
import { SSHD_MISSING, startSshd } from "../support/sshd.ts";
import { remoteSettings, surroundingsOf, teleportCluster } from "../support/tsh/settings.ts";
import { startTsh } from "../support/tsh/start-tsh.ts";
import { median, pairs, report, type Pair } from "./measure.ts";
import { runAlone, uptimeOver } from "./uptime.ts";

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
  const uptime = uptimeOver(transport, target, { settings, policy: remotePolicy(), surroundings });
  try {
    await uptime.bare();
    const words = tsh.calls().findLast((call) => call.includes("ssh") && !call.includes("help")) ?? [];
    await uptime.whole();
    const alone = (line: string) => () => runAlone(tsh.path, [...words.slice(0, -1), line], env);
    const bare = await pairs(uptime.bare, alone(words.at(-1) ?? ""), rounds, REST_MS);
    added("tsh ssh: the transport, the same bare line", bare, "≤ 10 ms added");
    const whole = await pairs(uptime.whole, alone(uptime.sent()), rounds, REST_MS);
    added("tsh ssh: the whole door, the same line as it sends", whole, "≤ 10 ms added");
  } finally {
    await uptime.close();
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
