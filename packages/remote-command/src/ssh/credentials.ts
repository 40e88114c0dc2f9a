import type * as Ssh2 from "ssh2";
import { OpsError } from "@platform-ops/errors";
import { readFile } from "node:fs/promises";
import { describeDestination, type Destination } from "./destination.ts";

/** What there is to log in with. */
export interface CredentialSettings {
  /** Private keys, offered first, in this order. */
  readonly identityFiles: readonly string[];
  /** Socket of an agent, offered after them. */
  readonly agent: string | undefined;
}

/** What can be offered, and what was left out and why. */
export interface Credentials {
  /** Names of what is offered, for a refusal's text. */
  readonly offered: readonly string[];
  /** One sentence each. */
  readonly leftOut: readonly string[];
  /** What ssh2 is to try, in order. */
  methods(user: string): Ssh2.AnyAuthMethod[];
}

/** Reads the keys anew: Machine ID and others renew them in place. A file that cannot be used is left out, with the reason. */
export async function readCredentials(ssh2: typeof Ssh2, settings: CredentialSettings): Promise<Credentials> {
  const offered: string[] = [];
  const leftOut: string[] = [];
  const keys: Exclude<ReturnType<(typeof Ssh2)["utils"]["parseKey"]>, Error>[] = [];
  for (const file of settings.identityFiles) {
    const text = await readFile(file).catch((error: NodeJS.ErrnoException) => error);
    if (text instanceof Error) {
      leftOut.push(text.code === "ENOENT" ? `${file} is not there.` : `${file} cannot be read (${text.code ?? "unknown"}).`);
      continue;
    }
    const parsed = ssh2.utils.parseKey(text);
    const key = Array.isArray(parsed) ? parsed[0] : parsed;
    if (key === undefined || key instanceof Error || !key.isPrivateKey()) {
      leftOut.push(await whyNot(file, key instanceof Error ? key.message : "holds no private key"));
      continue;
    }
    if (key.type.startsWith("sk-")) {
      leftOut.push(`${file} is a hardware key: those need \`via: openssh\`, or an agent.`);
      continue;
    }
    keys.push(key);
    offered.push(file);
    if (await isThere(`${file}-cert.pub`)) leftOut.push(`${file}-cert.pub is a certificate: those need \`via: openssh\`.`);
  }
  const { agent } = settings;
  if (agent !== undefined) offered.push(`the agent at ${agent}`);
  return {
    offered,
    leftOut,
    methods: (username) => [
      ...keys.map((key): Ssh2.AnyAuthMethod => ({ type: "publickey", username, key })),
      ...(agent === undefined ? [] : [{ type: "agent", username, agent } as const]),
    ],
  };
}

async function whyNot(file: string, message: string): Promise<string> {
  if (/Encrypted .*no passphrase/i.test(message)) {
    return `${file} is encrypted and nobody is there to type its passphrase: \`ssh-add ${file}\` puts it into an agent.`;
  }
  return `${file} is no private key that can be read here.`;
}

async function isThere(file: string): Promise<boolean> {
  return await readFile(file).then(
    () => true,
    () => false,
  );
}

/** The refusal when there is nothing to offer, or nothing of it was accepted. Asks the agent what it holds. */
export async function authenticationRefusal(
  ssh2: typeof Ssh2,
  to: Destination,
  credentials: Credentials,
  agent?: string,
): Promise<OpsError> {
  const held = agent === undefined ? undefined : await keysOfAgent(ssh2, agent);
  const about = [
    credentials.offered.length === 0 ? "There was no key to offer." : `Offered: ${credentials.offered.join(", ")}.`,
    ...(held === undefined ? [] : [held]),
    ...credentials.leftOut,
  ];
  return new OpsError("authentication_failed", `${describeDestination(to)} accepts none of our keys for the user ${to.user}.`, {
    hint: `${about.join(" ")} A person adds the public key to that user's authorized_keys, or names another key or user in the operator's file.`,
  });
}

function keysOfAgent(ssh2: typeof Ssh2, socket: string): Promise<string> {
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve("The agent does not answer."), 2000);
    const told = (text: string): void => {
      clearTimeout(late);
      resolve(text);
    };
    ssh2.createAgent(socket).getIdentities((error, keys) => {
      if (error) told("The agent cannot be reached: is SSH_AUTH_SOCK (or remote.agent) right?");
      else if ((keys?.length ?? 0) === 0) told("The agent holds no key that can be used here: `ssh-add` adds one.");
      else told(`The agent holds ${keys?.length ?? 0} key(s).`);
    });
  });
}
