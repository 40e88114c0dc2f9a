import { randomUUID } from "node:crypto";
import { Exit, json, now, table, type Emulation } from "./emulation.ts";
import type { CommandLine } from "./command-line.ts";
import { sessionAtProxy } from "./session.ts";
import type { EmulatedRequest } from "./state.ts";
import { status } from "./status.ts";

/** Go writes it with the indentation of another encoder. */
const REQUEST_RULE = '<raw:{\n  "s": [\n    {\n      "i": [\n        0\n      ]\n    }\n  ]\n}>';

/** `tsh request ls` */
export async function requestList(emulation: Emulation, line: CommandLine): Promise<void> {
  const session = await sessionAtProxy(emulation, line);
  const requests = emulation.state.requests.filter(({ user }) => user === session.user);
  if (line.flags["format"] === "json") {
    return emulation.stdout(requests.length === 0 ? "null" : json(requests.map(requestJson)));
  }
  // An empty list has a first column that is two wider than its title.
  const head = [
    requests.length === 0 ? "ID  " : "ID",
    "User",
    "Roles",
    "Resources",
    "Created At (UTC)",
    "Request TTL",
    "Session TTL",
    "Status",
  ];
  const rows = requests.map(({ id, user, roles }) => [id, user, roles.join(","), "", "", "", "", "PENDING"]);
  emulation.stdout(
    `${table(head, rows).replace(/^---- /m, "--   ")}hint: use 'tsh request show <request-id>' for additional details\n      use 'tsh login --request-id=<request-id>' to login with an approved request\n`,
  );
}

function requestJson(request: EmulatedRequest): object {
  const { id, user, roles, state, created, expires, access_expires, serial, reason, resources } = request;
  return {
    kind: "access_request",
    version: "v3",
    metadata: { name: id, expires, id: `<raw:${serial}>` },
    spec: {
      user,
      roles,
      state,
      created,
      expires: access_expires,
      request_reason: reason,
      thresholds: [{ name: "default", approve: 1, deny: 1 }],
      rtm: Object.fromEntries(roles.map((role) => [role, REQUEST_RULE])),
      ...(resources.length === 0 ? {} : { resource_ids: resources.map(resourceId) }),
      max_duration: access_expires,
      session_ttl: access_expires,
    },
  };
}

/** `/cluster/kind/name` */
function resourceId(resource: string): object {
  const [, cluster, kind, name] = resource.split("/");
  return { cluster, kind, name };
}

/** `tsh request create --nowait` */
export async function requestCreate(emulation: Emulation, line: CommandLine): Promise<void> {
  const { state, stdout } = emulation;
  const session = await sessionAtProxy(emulation, line);
  if (line.flags["nowait"] !== "yes") throw new Exit(1, "the emulation never waits\n");
  const created = new Date(now(state));
  const request: EmulatedRequest = {
    id: randomUUID(),
    user: session.user,
    roles: (line.flags["roles"] ?? "").split(",").filter(Boolean),
    resources: line.flags["resource"] === undefined ? [] : [line.flags["resource"]],
    state: 1,
    created: created.toISOString(),
    expires: new Date(created.getTime() + 3_600_000).toISOString(),
    access_expires: session.valid_until,
    serial: `${created.getTime()}000000`,
    reason: line.flags["reason"] ?? "",
  };
  emulation.save({ ...state, requests: [...state.requests, request] });
  const rows = [
    ["Request ID:", request.id],
    ["Username:", request.user],
    ["Roles:", request.roles.join(", ")],
    ["Reason:", `"${request.reason}"`],
    ["Reviewers:", "[none] (suggested)"],
    ["Access Expires:", request.access_expires.replace("T", " ").replace("Z", "").split(".")[0] ?? ""],
    ["Status:", "PENDING"],
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  stdout("Creating request...\n");
  for (const row of rows) stdout(`${row.map((cell, column) => `${cell.padEnd(widths[column] ?? 0)} `).join("")}\n`);
  stdout("\nhint: use 'tsh login --request-id=<request-id>' to login with an approved request\n\n");
  status(emulation, session, { ...line, flags: {} });
}
