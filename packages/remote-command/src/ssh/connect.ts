import type * as Ssh2 from "ssh2";
import { isOpsError, type OpsError } from "@platform-ops/errors";
import { connect as connectSocket } from "node:net";
import type { Duplex } from "node:stream";
import { connectionFailure, connectTimeout, type Stage } from "./connection-failure.ts";
import { authenticationRefusal, readCredentials, type CredentialSettings } from "./credentials.ts";
import type { Destination } from "./destination.ts";
import { hostKeyAlgorithms, hostKeyRefusal, readHostKeys } from "./host-key.ts";

/** What every connection of one cluster goes by. */
export interface ConnectSettings extends CredentialSettings {
  readonly knownHosts: readonly string[];
  readonly connectTimeoutMs: number;
  readonly keepaliveMs: number;
}

/** ssh2, loaded when the first connection is made and not before. */
export async function loadSsh2(): Promise<typeof Ssh2> {
  const loaded = (await import("ssh2")) as typeof Ssh2 & { default?: typeof Ssh2 };
  return loaded.default ?? loaded;
}

/** How often a server that drops us before its greeting is asked again: with MaxStartups it drops at random. */
const GREETINGS = 4;

/**
 * Opens a logged-in connection whose host key was checked. `way` gives the stream to use, for a machine behind a jump host.
 * @throws OpsError host_key_unknown, host_key_changed, authentication_failed, connect_timeout, node_unreachable
 */
export async function openConnection(to: Destination, settings: ConnectSettings, way?: () => Promise<Duplex>): Promise<Ssh2.Client> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptConnection(to, settings, await way?.());
    } catch (error) {
      if (!(error instanceof DroppedBeforeGreeting) || attempt === GREETINGS) throw isOpsError(error) ? error : whyDropped(to, error);
      await new Promise((resolve) => setTimeout(resolve, 100 * attempt + Math.random() * 200));
    }
  }
}

class DroppedBeforeGreeting extends Error {}

function whyDropped(to: Destination, error: unknown): OpsError {
  return connectionFailure(to, error instanceof Error ? error : new Error(String(error)), "banner");
}

async function attemptConnection(to: Destination, settings: ConnectSettings, way: Duplex | undefined): Promise<Ssh2.Client> {
  const ssh2 = await loadSsh2();
  const hostKeys = await readHostKeys(settings.knownHosts);
  const credentials = await readCredentials(ssh2, settings);
  if (credentials.offered.length === 0) {
    way?.destroy();
    throw await authenticationRefusal(ssh2, to, credentials);
  }
  const client = new ssh2.Client();
  let stage: Stage = "address";
  let refusal: OpsError | undefined;
  const sock = way ?? connectSocket({ host: to.host, port: to.port, noDelay: true });
  let deadline: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      deadline = setTimeout(() => reject(connectTimeout(to, stage, settings.connectTimeoutMs)), settings.connectTimeoutMs);
      client.once("connect", () => {
        stage = "banner";
        // Before its greeting a server may say why it sends us away ("Exceeded MaxStartups").
        const heard = (chunk: Buffer): void => {
          if (!chunk.includes("SSH-")) return;
          sock.off("data", heard);
          if (stage === "banner") stage = "host key";
        };
        sock.on("data", heard);
      });
      client.once("handshake", () => (stage = "login"));
      client.once("ready", () => resolve());
      client.once("close", () => reject(stage === "banner" ? new DroppedBeforeGreeting("closed") : new Error("closed")));
      // ssh2 may tell one failure twice, and that of an agent before it goes on to the next method.
      client.on("error", (error: Error & { level?: string }) => {
        if (error.level === "agent") return;
        const dropped = /before handshake/.test(error.message) || (stage === "banner" && error.level === "client-socket");
        reject(dropped ? new DroppedBeforeGreeting(error.message) : (refusal ?? error));
      });
      client.connect({
        sock,
        username: to.user,
        authHandler: credentials.methods(to.user),
        readyTimeout: 0,
        keepaliveInterval: settings.keepaliveMs,
        keepaliveCountMax: 3,
        algorithms: { serverHostKey: hostKeyAlgorithms(hostKeys, to) },
        hostVerifier: (key: Buffer) => {
          refusal = hostKeyRefusal(hostKeys, to, key);
          return refusal === undefined;
        },
      });
    });
  } catch (error) {
    client.destroy();
    sock.destroy();
    throw await classify(ssh2, to, settings, credentials, error, stage);
  } finally {
    clearTimeout(deadline);
  }
  client.setNoDelay(true);
  return client;
}

async function classify(
  ssh2: typeof Ssh2,
  to: Destination,
  settings: ConnectSettings,
  credentials: Awaited<ReturnType<typeof readCredentials>>,
  error: unknown,
  stage: Stage,
): Promise<Error> {
  if (isOpsError(error) || error instanceof DroppedBeforeGreeting) return error;
  const failure = error instanceof Error ? error : new Error(String(error));
  const level = (failure as { level?: string }).level;
  // sshd ends a connection that offered too many keys with this text instead of a refusal.
  if (level === "client-authentication" || /too many authentication failures/i.test(failure.message)) {
    return await authenticationRefusal(ssh2, to, credentials, settings.agent);
  }
  return connectionFailure(to, failure, stage);
}
