import { isAbsolute, relative, sep } from "node:path";
import { matchesGlob } from "./glob.ts";
import { type SettingProblem, shown } from "./problems.ts";

/** A list that somebody gave for an allow-list, and where it stands. */
export interface Layer {
  readonly origin: string;
  readonly values: readonly string[];
  /** False: it is a flag or a variable, which may define the list only where no file speaks. */
  readonly isFile: boolean;
}

/** How two entries of one kind of list meet: the narrower one, or undefined when they have nothing in common. */
export type Meet = (allowed: string, wanted: string) => string | undefined;

/** Folders: the inner one of two. */
export const meetFolders: Meet = (allowed, wanted) =>
  isInside(allowed, wanted) ? wanted : isInside(wanted, allowed) ? allowed : undefined;
/** Names: equal ones. */
export const meetNames: Meet = (allowed, wanted) => (allowed === wanted ? wanted : undefined);
/** Globs of variable names: the one that the other covers. */
export const meetGlobs: Meet = (allowed, wanted) =>
  allowed === wanted || covers(allowed, wanted) ? wanted : covers(wanted, allowed) ? allowed : undefined;

/**
 * What is left of an allow-list when each layer narrows those before it (strongest first).
 * @returns undefined when no layer speaks. An entry of a flag or variable that lies outside is a problem; one of a weaker
 * file is a note.
 */
export function narrowed(
  setting: string,
  layers: readonly Layer[],
  meet: Meet,
): { values: string[]; origin: string; problems: SettingProblem[]; notes: string[] } | undefined {
  const [first, ...others] = layers;
  if (first === undefined) return undefined;
  const result = { values: [...first.values], origin: first.origin, problems: [] as SettingProblem[], notes: [] as string[] };
  for (const layer of others) {
    const next = new Set<string>();
    for (const wanted of layer.values) {
      const common = result.values.flatMap((allowed) => meet(allowed, wanted) ?? []);
      for (const entry of common) next.add(entry);
      if (common.length > 0) continue;
      const message = `${shown(wanted)} is not among what ${result.origin} allows (${result.values.map(shown).join(", ")}).`;
      if (layer.isFile) result.notes.push(`${setting} in ${layer.origin}: ${message}`);
      else
        result.problems.push({
          setting,
          from: layer.origin,
          message: `${message} Flags and environment can only narrow what the operator's file says.`,
        });
    }
    result.values = [...next];
    result.origin = `${layer.origin}, within ${result.origin}`;
  }
  return result;
}

/** True when `inner` is the folder `outer` or lies in it. */
export function isInside(outer: string, inner: string): boolean {
  const way = relative(outer, inner);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/** Whether a glob of names covers another one; the other one's stars count as characters, which only a star matches. */
function covers(glob: string, other: string): boolean {
  return matchesGlob(glob, other.replaceAll("*", "\u0001"));
}
