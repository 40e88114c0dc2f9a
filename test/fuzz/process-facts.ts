import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** What a process holds, as Linux knows it. */
export interface ProcessFacts {
  readonly rssMb: number;
  /** Open files, sockets and pipes. */
  readonly handles: number;
  readonly threads: number;
  /** Processes that it started and that live. */
  readonly children: number;
}

/** Looks at a living process. Throws where there is none. */
export function factsOf(pid: number): ProcessFacts {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim().split(" ").filter(Boolean),
  );
  return { rssMb: Math.round(field("VmRSS") / 1024), handles: handlesOf(pid), threads: field("Threads"), children: children.length };
}

/** Descriptors that something is behind; one that was closed while we looked is none. */
function handlesOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) !== "";
    } catch {
      return false;
    }
  }).length;
}

/** `118 → 131 MB, 21 → 21 handles` */
export function change(before: ProcessFacts, after: ProcessFacts): string {
  return `${before.rssMb} → ${after.rssMb} MB, ${before.handles} → ${after.handles} handles`;
}
