/** A name as a step's id: snake_case. */
export function stepIdOf(name: string): string {
  const words = plainLetters(name)
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")
    .slice(0, 60)
    .replace(/_+$/, "");
  return /^[a-z]/.test(words) ? words : `step_${words}`.replace(/_$/, "");
}

/** A name as a workflow's id: kebab-case, with one group before a colon where there is one. */
export function workflowIdOf(name: string): string {
  const [first = "", ...rest] = plainLetters(name).split(":");
  const kebab = (part: string): string => part.replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "");
  const group = kebab(first);
  const own = rest
    .map((part) =>
      part
        .trim()
        .replaceAll(/[^a-z0-9_-]+/g, "-")
        .replaceAll(/[-_]*-[-_]*/g, "-")
        .replaceAll(/_{2,}/g, "_")
        .replaceAll(/^[-_]+|[-_]+$/g, ""),
    )
    .filter((part) => part !== "");
  const id = group !== "" && own.length > 0 ? `${group}:${own.join("-")}` : group + own.join("-");
  return (id === "" ? "imported" : id).slice(0, 80).replace(/[-_:]+$/, "");
}

function plainLetters(name: string): string {
  return name
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z][a-z])/g, "-")
    .toLowerCase()
    .trim();
}

/** Ids, each once: the second `build` is `build_2`. */
export class Ids {
  readonly #taken = new Set<string>();

  take(name: string): string {
    const wished = stepIdOf(name);
    for (let number = 1; ; number++) {
      const id = number === 1 ? wished : `${wished.slice(0, 58)}_${number}`;
      if (this.#taken.has(id)) continue;
      this.#taken.add(id);
      return id;
    }
  }
}
