// What is asked of npm's registry about our packages. Plain Node.
import { execFileSync } from "node:child_process";

/** Runs npm; returns what it says on stdout. */
export function npm(...args) {
  return execFileSync("npm", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/**
 * The integrity of a version that the registry has; undefined where it has none.
 * @param {readonly string[]} options further options of npm, as a registry
 */
export function publishedIntegrity(name, version, options = []) {
  try {
    const said = npm("view", `${name}@${version}`, "dist.integrity", "--json", ...options).trim();
    return said === "" ? undefined : JSON.parse(said);
  } catch (error) {
    if (/E404/.test(`${error.stdout}${error.stderr}`)) return undefined;
    throw new Error(`npm view ${name}@${version} failed: ${error.stderr}`, { cause: error });
  }
}
