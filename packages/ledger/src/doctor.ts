import { access, constants, statfs } from "node:fs/promises";
import { isOpsError } from "@platform-ops/errors";
import { defineCommand, type Command } from "./command.ts";
import type { Ledger } from "./open-ledger.ts";
import type { Policy } from "./settings/policy.ts";

/** One needed part, as found. */
export interface Check {
  readonly name: string;
  readonly status: "ok" | "warn" | "missing" | "broken";
  readonly found?: string;
  readonly wanted?: string;
  readonly cure?: string;
}

const MARKS = { ok: "✓", warn: "!", missing: "✗", broken: "✗" } as const;

/** `doctor`: every needed part with what was found and its cure. Exit 3 when something needed is missing. `fix` is what `--fix` does before. */
export function doctorCommand<D>(parts: { checks(deps: D): Promise<readonly Check[]>; fix?: Command<D>["run"] }): Command<D> {
  return defineCommand<D>({
    name: "doctor",
    summary: "Check every needed part and say how to mend it",
    usage: "doctor [--json] [--fix]",
    options: { json: { type: "boolean", description: "As JSON" }, fix: { type: "boolean", description: "Install what is missing" } },
    async run(input, deps, terminal, signal) {
      if (input.options["fix"] === true) await parts.fix?.(input, deps, terminal, signal);
      const checks = await parts.checks(deps);
      if (input.options["json"] === true) terminal.stdout(`${JSON.stringify({ checks }, null, 2)}\n`);
      else for (const check of checks) terminal.stdout(`${lineOf(check)}\n`);
      return checks.some((check) => check.status === "missing" || check.status === "broken") ? 3 : 0;
    },
  });
}

function lineOf({ name, status, found, cure }: Check): string {
  const head = `${MARKS[status]} ${name}${found === undefined ? "" : `: ${found}`}`;
  return cure === undefined || status === "ok" ? head : `${head}\n    ${cure}`;
}

/** What every server needs: Node, a data directory with its keys and room, and channels that prove what they should. */
export async function commonChecks(options: { home: string; policy: Policy; open(): Promise<Ledger> }): Promise<Check[]> {
  return [nodeCheck(), ...(await dataDirectoryChecks(options)), approvalCheck(options.policy)];
}

function nodeCheck(): Check {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return {
    name: "Node",
    status: ok ? "ok" : "broken",
    found: process.versions.node,
    wanted: ">=20.19",
    ...(ok ? {} : { cure: "Install Node 20.19 or newer." }),
  };
}

async function dataDirectoryChecks({ home, open }: { home: string; open(): Promise<Ledger> }): Promise<Check[]> {
  try {
    await open();
    await access(home, constants.W_OK);
    const { bavail, bsize } = await statfs(home);
    const gigabytes = Math.round((bavail * bsize) / 1e8) / 10;
    const isFull = gigabytes < 1;
    return [
      { name: "data directory and keys", status: "ok", found: home },
      {
        name: "disk",
        status: isFull ? "warn" : "ok",
        found: `${gigabytes} GB free`,
        ...(isFull ? { cure: "Free some space: what is kept and the database need it." } : {}),
      },
    ];
  } catch (error) {
    const broken = { name: "data directory and keys", status: "broken" } as const;
    if (isOpsError(error)) return [{ ...broken, found: `${error.code}: ${error.message}`, cure: error.hint }];
    return [{ ...broken, found: home, cure: "Check owner and permissions." }];
  }
}

/** What the channels in force do not prove; said here because it is read by who sets this up. */
function approvalCheck({ environments }: Policy): Check {
  const weak = environments.filter((environment) => environment.channels.some((channel) => channel !== "signed"));
  if (weak.length === 0) return { name: "approvals", status: "ok", found: "by signature" };
  return {
    name: "approvals",
    status: "warn",
    found: weak.map(({ name, channels }) => `${name}: ${channels.join(", ")}`).join("; "),
    cure: "An agent that has a shell of this account can use the channels cli and elicit. Signatures, or another user for the servers, stop that: docs/guides/approvals.md.",
  };
}
