import { execFileSync } from "node:child_process";
import { identify, type ProcessIdentity } from "../process/process-table.ts";

/**
 * The server that runs on a database though no state file knows it: its starter was killed between the start and the
 * writing down. Found by its command line; nobody else is given that path.
 */
export function findTemporalOf(database: string): ProcessIdentity | undefined {
  let text: string;
  try {
    text = execFileSync("ps", ["-axww", "-o", "pid=,args="], {
      encoding: "utf8",
      env: { LC_ALL: "C", PATH: "/bin:/usr/bin" },
      maxBuffer: 16 * 1024 * 1024,
    });
  } catch {
    return undefined;
  }
  for (const line of text.split("\n")) {
    const match = /^\s*(\d+)\s+(.*)$/.exec(line);
    if (match?.[2]?.includes(" server start-dev ") === true && match[2].includes(` --db-filename ${database} `))
      return identify(Number(match[1]));
  }
  return undefined;
}
