import {
  environmentsOfMachine,
  isIdOrAddress,
  matchesGlob,
  strictest,
  type CommandRule,
  type Environment,
  type EnvironmentRemote,
  type Policy,
  type RemotePreset,
  type RemoteSettings,
} from "@platform-ops/ledger";
import type { CommandEffect, Verdict } from "../remote.ts";
import { plainWords } from "./plain-words.ts";
import { allows, forbids, isComparable } from "./rules.ts";
import { deedText, subjectOf, type Deed } from "./subject.ts";
import { callsOf, callsOfText, type Calls } from "./wrappers.ts";

/** What is to be judged. */
export interface Judged extends Deed {
  readonly effect: CommandEffect;
  /** The machine's labels; absent: nobody looked. */
  readonly labels?: Readonly<Record<string, string>>;
  /** All names by which the machine is known; absent: nobody looked. */
  readonly names?: readonly string[];
}

type Word = Verdict["verdict"];
interface Opinion {
  readonly verdict: Word;
  readonly because: string;
}

/** What a preset says of each effect. */
const PRESETS: Record<RemotePreset, Record<CommandEffect, Word>> = {
  guarded: { read: "run", steer: "run", write: "ask", free: "ask" },
  open: { read: "run", steer: "run", write: "run", free: "run" },
  locked: { read: "run", steer: "refuse", write: "refuse", free: "refuse" },
};

const EFFECTS: Record<CommandEffect, string> = {
  read: "a typed read",
  steer: "suspending, resuming and reconciling",
  write: "a change",
  free: "a free command",
};

/** What counts for a machine of which no environment says more. */
const UNSAID: EnvironmentRemote = { preset: "guarded", sudo: false, kubeconfig: "default", deny: [], ask: [], allow: [] };

/**
 * What the operator's policy says of one command on one machine. Deny wins over ask, ask over allow; what no rule names goes
 * by the preset of the environment. A machine in several environments takes the strictest word of all. What a free text calls
 * is known only where it has no shell syntax at all; where something is forbidden or asked for and it cannot be known whether
 * a command does it, a person is asked. Pure.
 */
export function judgeCommand(policy: Policy, settings: RemoteSettings, judged: Judged): Verdict {
  const { target, command, timeoutMs } = judged;
  const machine = { cluster: target.cluster, node: target.node, ...(judged.names === undefined ? {} : { names: judged.names }) };
  const environments = environmentsOfMachine(policy, machine);
  const effect = command.kind === "shell" ? "free" : judged.effect;
  const seen = lookThrough(judged);
  const opinions = [
    ...general(policy, settings, judged, effect),
    ...environments.map((environment) => opinionOf(environment, judged, effect, seen)),
  ];
  const { verdict, because } = ["refuse", "ask", "run"].map((word) => opinions.find((each) => each.verdict === word)).find((each) => each)!;
  return {
    verdict,
    because,
    environment: strictest(environments).name,
    subject: subjectOf(settings, { target, command, timeoutMs }),
    shown: deedText({ target, command, timeoutMs }),
  };
}

/** Whether labels or other names of a machine count here, so that somebody must look before `judgeCommand`. */
export function needsLook(policy: Policy, target: { cluster: string; node: string }): boolean {
  if (environmentsOfMachine(policy, target).some(({ remote }) => remote?.labels !== undefined)) return true;
  const byName = policy.environments.some(({ match, remote }) =>
    [match.nodes, remote?.node, remote?.nodes].some((said) => said !== undefined),
  );
  return byName && isIdOrAddress(target.node);
}

/** What holds whatever the environment. */
function general(
  policy: Policy,
  { clusters, max_timeout_seconds }: RemoteSettings,
  { target, timeoutMs }: Judged,
  effect: CommandEffect,
): Opinion[] {
  const opinions: Opinion[] = [];
  const refuse = (because: string): void => void opinions.push({ verdict: "refuse", because });
  const names = Object.keys(clusters);
  if (!names.includes(target.cluster))
    refuse(
      names.length === 0
        ? "No cluster is allowed: the operator has named none."
        : `The cluster is not one of those that are allowed: ${names.join(", ")}.`,
    );
  if (!(timeoutMs > 0 && timeoutMs <= max_timeout_seconds * 1000))
    refuse(`The time limit must lie between 0 and ${max_timeout_seconds} s (remote.max_timeout_seconds).`);
  if (policy.read_only && effect !== "read") refuse(`The server is read-only, and this is ${EFFECTS[effect]}.`);
  return opinions;
}

/** What a command calls, and its own words where they are known. */
interface Seen extends Calls {
  readonly words?: readonly string[];
}

function lookThrough({ command, target }: Judged): Seen {
  const words = command.kind === "program" ? [command.program, ...command.args] : plainWords(command.text);
  const calls = command.kind === "program" ? callsOf(words!) : callsOfText(command.text);
  const isRoot = calls.isRoot || command.sudo === true || target.user === "root";
  const comparable = calls.commands.filter(isComparable);
  return {
    commands: comparable,
    isRoot,
    ...(words === undefined || !isComparable(words) ? {} : { words }),
    ...(comparable.length < calls.commands.length
      ? { unknown: "it is too long to be compared with rules" }
      : calls.unknown === undefined
        ? {}
        : { unknown: calls.unknown }),
  };
}

function opinionOf(environment: Environment, judged: Judged, effect: CommandEffect, seen: Seen): Opinion {
  const remote = environment.remote ?? UNSAID;
  const outside = outsideOf(environment.name, remote, judged);
  if (outside !== undefined) return { verdict: "refuse", because: outside };
  const where = (list: string, at: number): string =>
    `environments[${environment.name}].remote.${list}[${at}] (${ruleText(remote[list as "deny"][at]!)})`;
  const hit = (rules: readonly CommandRule[]): number =>
    rules.findIndex((rule) => seen.commands.some((command) => forbids(rule, command, seen.isRoot)));
  const denied = hit(remote.deny);
  if (denied >= 0) return { verdict: "refuse", because: `It is forbidden by ${where("deny", denied)}.` };
  const asked = hit(remote.ask);
  if (asked >= 0) return { verdict: "ask", because: `A person is asked, by ${where("ask", asked)}.` };
  const allowed = allowedBy(remote, judged, seen);
  const rules = [remote.deny.length > 0 ? "forbids" : "", remote.ask.length > 0 ? "asks for" : ""].filter((word) => word !== "");
  // A rule that names the arguments, too, is the operator's word on exactly this; one that takes any is not.
  const isUnknown = seen.unknown !== undefined && rules.length > 0 && (allowed < 0 || remote.allow[allowed]!.args === undefined);
  if (allowed >= 0 && !isUnknown) return { verdict: "run", because: `It is allowed by ${where("allow", allowed)}.` };
  const byPreset = PRESETS[remote.preset][effect];
  if (isUnknown && byPreset !== "refuse") {
    return {
      verdict: "ask",
      because: `A person is asked, since the environment ${environment.name} ${rules.join(" and ")} commands and this one cannot be told: ${seen.unknown}.`,
    };
  }
  const said = byPreset === "run" ? "runs" : byPreset === "ask" ? "asks a person first" : "is refused";
  return {
    verdict: byPreset,
    because: `In the environment ${environment.name} ${EFFECTS[effect]} ${said} (preset ${remote.preset}).`,
  };
}

/** The first rule that lets a command run, or -1. Variables and a folder of its own may change what a command means. */
function allowedBy(remote: EnvironmentRemote, { command }: Judged, { words }: Seen): number {
  if (words === undefined || command.cwd !== undefined) return -1;
  if (command.kind === "program" && Object.keys(command.env ?? {}).length > 0) return -1;
  return remote.allow.findIndex((rule) => allows(rule, words, command.sudo === true));
}

/** Why an account or a machine is outside of what an environment lets be reached, or undefined. */
function outsideOf(name: string, remote: EnvironmentRemote, { target, names = [], labels }: Judged): string | undefined {
  const isAmong = (globs: readonly string[], values: readonly string[]): boolean =>
    globs.some((glob) => values.some((value) => matchesGlob(glob, value)));
  if (remote.users !== undefined && !isAmong(remote.users, [target.user]))
    return `In the environment ${name} only these logins are allowed: ${remote.users.join(", ")}.`;
  if (remote.nodes !== undefined && !isAmong(remote.nodes, [target.node, ...names]))
    return `In the environment ${name} only these machines are allowed: ${remote.nodes.join(", ")}.`;
  if (remote.labels === undefined) return undefined;
  const wanted = Object.entries(remote.labels).map(([key, glob]) => `${key}=${glob}`);
  if (labels === undefined)
    return `In the environment ${name} only machines with ${wanted.join(", ")} are allowed, and this one's labels are not known.`;
  const bears = Object.entries(remote.labels).every(([key, glob]) => Object.hasOwn(labels, key) && matchesGlob(glob, labels[key]!));
  return bears ? undefined : `In the environment ${name} only machines with ${wanted.join(", ")} are allowed.`;
}

function ruleText({ program, args, sudo }: CommandRule): string {
  return `${[program, ...(args ?? ["**"])].join(" ")}${sudo === true ? ", as root" : ""}`;
}
