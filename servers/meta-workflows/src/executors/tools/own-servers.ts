import { accessSync, constants, existsSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { OpsError } from "@platform-ops/errors";

/** Our servers that runbooks may call, with what each is installed as. */
const OWN = {
  terraform: { program: "terraform-mcp", package: "@platform-ops/terraform-mcp" },
  "flux-teleport": { program: "flux-teleport-mcp", package: "@platform-ops/flux-teleport-mcp" },
  "meta-workflows": { program: "meta-workflows-mcp", package: "@platform-ops/meta-workflows-mcp" },
} as const;
export type OwnServer = keyof typeof OWN;
export const OWN_SERVERS = Object.keys(OWN) as OwnServer[];

/** Where our servers are looked for. */
export interface InstalledPlaces {
  /** The folder of this server's built files, as it was installed. */
  readonly dist: string;
  readonly path: string | undefined;
}

/**
 * How one of our servers is started: from beside this one first, since that is of the same release (the same checkout, or a
 * `node_modules` that this server lies in), then by its name on PATH.
 * @throws OpsError program_missing with the one command that brings it
 */
export function ownServerCommand(server: OwnServer, { dist, path }: InstalledPlaces): readonly string[] {
  const { program, package: name } = OWN[server];
  const inCheckout = join(dirname(dirname(dist)), server, "dist", "bin.js");
  const checkout = isCheckout(dist) ? dirname(dirname(dirname(dist))) : undefined;
  const built = [
    ...(checkout === undefined ? [] : [inCheckout]),
    ...modulesAround(dist).map((modules) => join(modules, ...name.split("/"), "dist", "bin.js")),
  ].find(isFile);
  if (built !== undefined) return [process.execPath, built];
  const folders = [...modulesAround(dist).map((modules) => join(modules, ".bin")), ...(path ?? "").split(":").filter(isAbsolute)];
  const found = folders.map((folder) => join(folder, program)).find(isProgram);
  if (found !== undefined) return [found];
  throw new OpsError("program_missing", `The server ${server} is not installed: ${program} is neither beside this server nor on PATH.`, {
    hint: `Run this once: ${checkout === undefined ? `npm install --global ${name}` : `npm --prefix ${checkout} run setup`}. One that lies elsewhere is named by the operator: meta_workflows.servers.${server}.`,
  });
}

/** A checkout has the servers as folders with packages of their own. */
function isCheckout(dist: string): boolean {
  return basename(dirname(dirname(dist))) === "servers" && existsSync(join(dirname(dirname(dirname(dist))), "pnpm-workspace.yaml"));
}

/** The `node_modules` folders that a file lies in, the nearest first; package managers with a store of their own have two. */
function modulesAround(folder: string): string[] {
  const around: string[] = [];
  for (let at = folder; dirname(at) !== at; at = dirname(at)) if (basename(at) === "node_modules") around.push(at);
  return around;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return isFile(path);
  } catch {
    return false;
  }
}
