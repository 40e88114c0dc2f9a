// tsh's JSON → our shapes. Every field is checked: the text comes from another program, and labels from other machines.
import { OpsError } from "@platform-ops/errors";
import type { RemoteNode } from "../target.ts";

type Json = Readonly<Record<string, unknown>>;

/** Who is logged in, and until when. */
export interface TeleportStatus {
  readonly state: "valid" | "expired" | "not_logged_in";
  readonly username?: string;
  /** Teleport's name of the cluster of this profile. */
  readonly cluster?: string;
  readonly proxy?: string;
  readonly roles: readonly string[];
  readonly logins: readonly string[];
  /** RFC 3339 */
  readonly valid_until?: string;
  readonly active_requests: readonly string[];
}

export interface TeleportCluster {
  readonly name: string;
  readonly online: boolean;
  readonly type: string;
  readonly selected: boolean;
}

/** An access request: somebody asks for roles or machines, somebody else approves. */
export interface AccessRequest {
  readonly id: string;
  readonly user: string;
  readonly roles: readonly string[];
  readonly resources: readonly string[];
  readonly state: "pending" | "approved" | "denied" | "promoted" | "none";
  readonly reason?: string;
  readonly created?: string;
  readonly expires?: string;
}

/** `tsh version --format=json`; older ones write text whatever is asked. */
export function parseVersion(stdout: string): { client: string; proxy?: string } {
  const json = stdout.trimStart().startsWith("{") ? record(parseJson(stdout, "version")) : {};
  const client = text(json["version"]) ?? /^Teleport v(\S+)/m.exec(stdout)?.[1];
  if (client === undefined) throw unreadable("version");
  const proxy = text(json["proxyVersion"]) ?? /^Proxy version: v?(\S+)/m.exec(stdout)?.[1];
  return { client, ...(proxy === undefined ? {} : { proxy }) };
}

/**
 * `tsh status --format=json`: nothing on stdout when not logged in; the whole JSON with exit 1 when expired, and no flag but
 * `valid_until`. It reads the disk only, so it says nothing of the proxy.
 */
export function parseStatus(stdout: string, now: Date): TeleportStatus {
  const nobody: TeleportStatus = { state: "not_logged_in", roles: [], logins: [], active_requests: [] };
  if (stdout.trim() === "") return nobody;
  const active = record(parseJson(stdout, "status"))["active"];
  if (active === undefined || active === null) return nobody;
  const profile = record(active);
  const [username, cluster, url, until] = ["username", "cluster", "profile_url", "valid_until"].map((key) => text(profile[key]));
  const expires = until === undefined ? Number.NaN : Date.parse(until);
  const requests = profile["active_requests"];
  return {
    // A profile without a readable end is not believed.
    state: expires > now.getTime() ? "valid" : "expired",
    ...(username === undefined ? {} : { username }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(url === undefined ? {} : { proxy: url.replace(/^https?:\/\//, "") }),
    roles: texts(profile["roles"]),
    // tsh's own entries are no accounts.
    logins: texts(profile["logins"]).filter((login) => !login.startsWith("-teleport-")),
    ...(until === undefined ? {} : { valid_until: until }),
    active_requests: Array.isArray(requests) ? texts(requests) : texts(record(requests ?? {})["access_requests"]),
  };
}

/** `tsh clusters --format=json` */
export function parseClusters(stdout: string): TeleportCluster[] {
  return list(parseJson(stdout, "clusters")).flatMap((entry) => {
    const name = text(entry["cluster_name"]);
    if (name === undefined) return [];
    return [{ name, online: entry["status"] === "online", type: text(entry["cluster_type"]) ?? "", selected: entry["selected"] === true }];
  });
}

/**
 * `tsh ls --format=json`, also of `-R`, which wraps each as {proxy, cluster, node}. Labels are the static ones with the results
 * of the dynamic ones, as Teleport's own queries see them. Machines that died stay listed until they expire.
 */
export function parseNodes(stdout: string): RemoteNode[] {
  return list(parseJson(stdout, "ls")).flatMap((entry) => {
    const node = entry["node"] === undefined ? entry : record(entry["node"]);
    const [metadata, spec] = [record(node["metadata"] ?? {}), record(node["spec"] ?? {})];
    const [id, hostname] = [text(metadata["name"]), text(spec["hostname"])];
    if (hostname === undefined && id === undefined) return [];
    const dynamic = Object.entries(record(spec["cmd_labels"] ?? {})).map(([key, value]) => [key, record(value ?? {})["result"]] as const);
    const labels = [...Object.entries(record(metadata["labels"] ?? {})), ...dynamic];
    return [
      {
        hostname: hostname ?? id ?? "",
        ...(id === undefined ? {} : { id }),
        address: text(spec["addr"]) ?? "",
        labels: Object.fromEntries(labels.filter((label): label is [string, string] => typeof label[1] === "string")),
      },
    ];
  });
}

/** `tsh request ls --format=json` (null when there are none) and `tsh request show --format=json` (one). */
export function parseRequests(stdout: string): AccessRequest[] {
  const json = parseJson(stdout, "request");
  return (json === null ? [] : Array.isArray(json) ? list(json) : [record(json)]).flatMap((entry) => {
    const [metadata, spec] = [record(entry["metadata"] ?? {}), record(entry["spec"] ?? {})];
    const id = text(metadata["name"]);
    if (id === undefined) return [];
    const [reason, created, expires] = ["request_reason", "created", "expires"].map((key) => text(spec[key]));
    return [
      {
        id,
        user: text(spec["user"]) ?? "",
        roles: texts(spec["roles"]),
        resources: resourcesOf(spec["resource_ids"]),
        state: REQUEST_STATES[Number(spec["state"] ?? 0)] ?? "none",
        ...(reason === undefined ? {} : { reason }),
        ...(created === undefined ? {} : { created }),
        ...(expires === undefined ? {} : { expires }),
      },
    ];
  });
}

/** The id that `tsh request create` prints: it has no JSON. */
export function parseCreatedRequest(stdout: string): string | undefined {
  return /^Request ID:\s+([A-Za-z0-9-]{1,128})\s*$/m.exec(stdout)?.[1];
}

/** Teleport's `RequestState` (api/types, access_request): a number in JSON. */
const REQUEST_STATES = ["none", "pending", "approved", "denied", "promoted"] as const;

function resourcesOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : []).flatMap((entry) => {
    const id = record(entry);
    const parts = ["cluster", "kind", "name"].map((key) => text(id[key]));
    return parts.includes(undefined) ? [] : [`/${parts.join("/")}`];
  });
}

function parseJson(stdout: string, what: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    throw unreadable(what);
  }
}

function unreadable(what: string): OpsError {
  return new OpsError("command_failed", `tsh ${what} answered in a form that is not known here.`, {
    hint: "verify_teleport_compatibility tells whether this tsh goes with the proxy.",
  });
}

function record(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.map((entry) => record(entry)) : [];
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === "string" && entry !== "") : [];
}
