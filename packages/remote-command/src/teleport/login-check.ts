import type { OpsError } from "@platform-ops/errors";
import type { ClusterSettings } from "@platform-ops/ledger";
import { classifyTsh, type FailureContext } from "./error-table.ts";
import { loginCommand } from "./login-command.ts";
import { parseStatus, type TeleportStatus } from "./tsh-output.ts";
import { lastError } from "./tsh-stderr.ts";
import type { TshProgram } from "./tsh-program.ts";
import { globalWords } from "./tsh-words.ts";

/** A login seen valid is believed for so long: `tsh status` costs a tenth of a second. */
const BELIEVED_MS = 5 * 60_000;

/** Who is logged in, looked up before tsh may be asked for anything that would make it log in by itself. */
export interface LoginCheck {
  /** @throws OpsError program_missing and what the program throws */
  status(signal?: AbortSignal): Promise<TeleportStatus>;
  /**
   * Makes sure that there is a login. With an identity file nothing is asked: tsh is then never interactive and says at once what is wrong.
   * @throws OpsError not_logged_in, certificate_expired
   */
  ensure(signal?: AbortSignal): Promise<void>;
  /** Why a login that was seen is of no use, with the cure. */
  refusal(seen: TeleportStatus): OpsError;
  /** What was seen is not believed any more. */
  forget(): void;
}

/** The check for one cluster of the operator's file. */
export function openLoginCheck(cluster: string, settings: ClusterSettings["teleport"], program: TshProgram): LoginCheck {
  let believedUntil = 0;
  const status = async (signal?: AbortSignal): Promise<TeleportStatus> => {
    const { stdout, stderr } = await program.call(
      [...globalWords(settings), "status", "--format=json"],
      signal === undefined ? {} : { signal },
    );
    const said = lastError(stderr);
    // `tsh status` fails with JSON on stdout when expired; without any, its words tell more than "not logged in".
    if (stdout.trim() === "" && said !== undefined) {
      const { error, known } = classifyTsh(said, failureContext(cluster, settings));
      if (!known || error.code !== "not_logged_in" || settings.identity_file !== undefined) throw error;
    }
    return parseStatus(stdout, new Date());
  };
  const refusal = (seen: TeleportStatus): OpsError => notLoggedIn(cluster, settings, seen);
  return {
    status,
    refusal,
    async ensure(signal) {
      if (settings.identity_file !== undefined || Date.now() < believedUntil) return;
      const seen = await status(signal);
      if (seen.state !== "valid") throw refusal(seen);
      believedUntil = Math.min(Date.now() + BELIEVED_MS, Date.parse(seen.valid_until ?? ""));
    },
    forget() {
      believedUntil = 0;
    },
  };
}

/** What the failures of a cluster are told with. */
export function failureContext(cluster: string, settings: ClusterSettings["teleport"]): FailureContext {
  return {
    cluster,
    login: loginCommand(settings),
    ...(settings.proxy === undefined ? {} : { proxy: settings.proxy }),
    ...(settings.identity_file === undefined ? {} : { identityFile: settings.identity_file }),
  };
}

function notLoggedIn(cluster: string, settings: ClusterSettings["teleport"], seen: TeleportStatus): OpsError {
  const said = seen.state === "expired" ? "Active profile expired." : "Not logged in.";
  return classifyTsh(said, failureContext(cluster, settings)).error;
}
