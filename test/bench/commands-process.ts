// Runs in a plain Node process of its own, as a server would: figures of commands over SSH, as JSON on stdout.
import { readFileSync } from "node:fs";
import { openRemote, type Remote, type Target } from "@platform-ops/remote-command";
import type { Policy, RemoteSettings } from "@platform-ops/ledger";
import { openSshTransport } from "../../packages/remote-command/src/ssh/ssh-transport.ts";
import { READ, runAlone, UPTIME, uptimeOver } from "./uptime.ts";

/** What the process is to do. */
export interface CommandsJob {
  readonly settings: RemoteSettings;
  readonly targets: readonly Target[];
  readonly runtimeFolder: string;
  /** warm: one command after another on the first target, paired with the ssh program. nodes: `uptime` on all, twice. */
  readonly kind: "warm" | "nodes";
  readonly rounds: number;
  readonly concurrency: number;
  /** Words of the ssh program, up to the destination. */
  readonly ssh: readonly string[];
}

/** Milliseconds, one list for each way. */
export interface WarmFigures {
  readonly bare: { ours: number[]; ssh: number[] };
  /** The whole door: policy, envelope, marks, bounded output. `sshSame`: the same line; `sshBare`: the bare command. */
  readonly whole: { ours: number[]; sshSame: number[]; sshBare: number[] };
}

export interface NodesFigures {
  readonly cold: number;
  readonly warm: number[];
  readonly megabytes: number;
  readonly failed: string[];
}

const POLICY: Policy = {
  environments: [{ name: "default", match: {}, protected: false, channels: ["cli"] }],
  approvals: { auto: [], hours: 72, notify: {} },
  roots: undefined,
  read_only: false,
  toolsets: undefined,
};

/** The entry of the process: reads the job of the file that the first argument names. */
export async function main(): Promise<void> {
  const job = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as CommandsJob;
  const figures = job.kind === "warm" ? await warm(job) : await nodes(job);
  process.stdout.write(JSON.stringify(figures));
}

async function nodes({ settings, targets, runtimeFolder, concurrency, rounds }: CommandsJob): Promise<NodesFigures> {
  const remote = doorTo(settings, runtimeFolder);
  const failed: string[] = [];
  const all = async (): Promise<number> => {
    const started = performance.now();
    const { results } = await remote.runOnAll(targets, UPTIME, { ...READ, concurrency });
    failed.push(...results.filter(({ exit_code }) => exit_code !== 0).map(({ failure, stderr }) => failure?.message ?? stderr.text));
    return performance.now() - started;
  };
  const cold = await all();
  const warmOnes: number[] = [];
  for (let round = 0; round < rounds; round += 1) warmOnes.push(await all());
  await remote.close();
  return { cold, warm: warmOnes, megabytes: process.resourceUsage().maxRSS / 1024, failed };
}

async function warm({ settings, targets, runtimeFolder, rounds, ssh }: CommandsJob): Promise<WarmFigures> {
  const target = targets[0];
  if (target === undefined) throw new Error("no target");
  const surroundings = { env: process.env, home: "/", platform: process.platform, runtimeFolder };
  const transport = openSshTransport(target.cluster, settings, surroundings);
  const uptime = uptimeOver(transport, target, { settings, policy: POLICY, surroundings });
  const figures = {
    bare: { ours: [] as number[], ssh: [] as number[] },
    whole: { ours: [] as number[], sshSame: [] as number[], sshBare: [] as number[] },
  };
  for (let round = -5; round < rounds; round += 1) {
    const taken = [
      await time(uptime.bare),
      await time(() => runAlone("ssh", [...ssh, "uptime"])),
      await time(uptime.whole),
      await time(() => runAlone("ssh", [...ssh, uptime.sent()])),
    ];
    // The first ones warm both sides up.
    if (round < 0) continue;
    const [ours = 0, theirs = 0, oursWhole = 0, theirsWhole = 0] = taken;
    figures.bare.ours.push(ours);
    figures.bare.ssh.push(theirs);
    figures.whole.ours.push(oursWhole);
    figures.whole.sshSame.push(theirsWhole);
    figures.whole.sshBare.push(theirs);
  }
  await uptime.close();
  return figures;
}

function doorTo(settings: RemoteSettings, runtimeFolder: string): Remote {
  return openRemote({ settings, policy: POLICY, surroundings: { env: process.env, home: "/", platform: process.platform, runtimeFolder } });
}

async function time(action: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await action();
  return performance.now() - started;
}
