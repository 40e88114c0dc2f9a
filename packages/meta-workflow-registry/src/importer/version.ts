import type { Importing } from "./importing.ts";

/** A version as `major.minor.patch`. */
export function versionOf(written: unknown, importing: Importing): string {
  const text = written === undefined || written === null ? "" : String(written).trim().replace(/^v/, "");
  const [, major = "", minor = "0", patch = "0", rest = ""] = /^(\d+)(?:\.(\d+))?(?:\.(\d+))?(-[0-9A-Za-z.-]+)?$/.exec(text) ?? [];
  const version = major === "" ? "1.0.0" : `${major}.${minor}.${patch}${rest}`;
  if (version !== text) importing.told(["version"], `the version is \`${version}\`.`);
  return version;
}
