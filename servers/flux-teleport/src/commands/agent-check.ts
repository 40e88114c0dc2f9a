import { stat } from "node:fs/promises";
import { connect } from "node:net";
import type { Check } from "@platform-ops/ledger";
import type { ServerConfig } from "../config.ts";

const WITHIN_MS = 2_000;
/** SSH agent protocol (draft-miller-ssh-agent): ask for the identities, and the answer with their number. */
const REQUEST_IDENTITIES = Buffer.from([0, 0, 0, 1, 11]);
const IDENTITIES_ANSWER = 12;

/** The SSH agent, for clusters that are reached by ssh: whether it answers and how many keys it has. Without it keys come from files. */
export async function agentCheck({ settings }: Pick<ServerConfig, "settings">, clusters: readonly string[]): Promise<Check> {
  const { agent, clusters: known } = settings.remote;
  const about = { id: "ssh_agent", name: "SSH agent" } as const;
  const withoutFiles = clusters.filter((name) => known[name]?.ssh.identity_files.length === 0);
  const needed = withoutFiles.length > 0 ? `${withoutFiles.join(", ")} names no identity_files` : undefined;
  if (agent === undefined) {
    if (needed === undefined) return { ...about, status: "ok", found: "none; keys come from files" };
    return {
      ...about,
      status: "warn",
      found: `none, and ${needed}`,
      cure: "Start an agent (SSH_AUTH_SOCK) with a key in it, or name identity_files.",
    };
  }
  const isSocket = await stat(agent).then(
    (found) => found.isSocket(),
    () => false,
  );
  const keys = isSocket ? await countKeys(agent) : undefined;
  if (keys === undefined)
    return {
      ...about,
      status: "warn",
      found: "it does not answer",
      path: agent,
      cure: "Check SSH_AUTH_SOCK (or remote.agent): the agent may have ended.",
    };
  if (keys === 0 && needed !== undefined)
    return { ...about, status: "warn", found: `it holds no key, and ${needed}`, path: agent, cure: "Put a key into it: ssh-add" };
  return { ...about, status: "ok", found: `${keys} key(s)`, path: agent };
}

function countKeys(agent: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = connect(agent);
    let answer = Buffer.alloc(0);
    const end = (keys: number | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(keys);
    };
    const timer = setTimeout(end, WITHIN_MS, undefined);
    socket.on("error", () => end(undefined));
    socket.on("close", () => end(undefined));
    socket.on("connect", () => socket.write(REQUEST_IDENTITIES));
    socket.on("data", (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length >= 9) end(answer[4] === IDENTITIES_ANSWER ? answer.readUInt32BE(5) : undefined);
    });
  });
}
