import { canonicalJson } from "@platform-ops/ledger";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";

/** So many changes are told one by one. */
const TOLD = 20;
/** Characters of one value. */
const SHOWN = 120;

/** What differs between two values, a few words for each place: `plan.replicas: 2 → 3`, `hosts[2]: added "c"`, `note: gone`. */
export function changesBetween(before: Json, after: Json): string[] {
  const [old, now] = [leaves(before), leaves(after)];
  const changes = [...new Set([...old.keys(), ...now.keys()])].flatMap((place) => {
    const [was, is] = [old.get(place), now.get(place)];
    if (was === is) return [];
    const name = place === "" ? "it" : place;
    if (is === undefined) return [`${name}: gone`];
    return [was === undefined ? `${name}: added ${short(is)}` : `${name}: ${short(was)} → ${short(is)}`];
  });
  return changes.length <= TOLD ? changes : [...changes.slice(0, TOLD), `and ${changes.length - TOLD} more`];
}

/** Every value that holds no others, as JSON, by its place. */
function leaves(value: Json, place = "", found = new Map<string, string>()): Map<string, string> {
  const inner: [string, Json][] = Array.isArray(value)
    ? value.map((each: Json, index): [string, Json] => [`${place}[${index}]`, each])
    : typeof value === "object" && value !== null
      ? Object.entries(value).map(([key, each]): [string, Json] => [place === "" ? key : `${place}.${key}`, each])
      : [];
  if (inner.length === 0) found.set(place, canonicalJson(value));
  for (const [at, each] of inner) leaves(each, at, found);
  return found;
}

function short(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
}
