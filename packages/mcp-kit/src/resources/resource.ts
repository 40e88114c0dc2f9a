/** One thing that a resource's template names now, as `resources/list` shows it. */
export interface ListedResource {
  readonly uri: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly mimeType?: string;
}

/** A resource as an inert value: an address, or a template of addresses such as `workflow://runs/{id}`. Tools say all that resources say. */
export interface Resource<D = any> {
  readonly uri: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType: string;
  /** What a template names now, bounded; absent: it is only a template. */
  list?(deps: D): Promise<readonly ListedResource[]>;
  /** The text, or undefined where there is nothing of these names. Failures are OpsErrors, worded as those of tools. */
  read(names: Readonly<Record<string, string>>, deps: D): Promise<string | undefined>;
}

/** A prompt as an inert value. Its text is fixed words that say which tool to call: nothing is fetched into it. */
export interface Prompt {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly arguments: readonly { readonly name: string; readonly description?: string; readonly required?: boolean }[];
  text(given: Readonly<Record<string, string>>): string;
}

/** The definer of one server's resources, with its dependencies named once. Returns the value unchanged. */
export function resourcesFor<D>(): (resource: Resource<D>) => Resource<D> {
  return (resource) => resource;
}

/** A prompt, unchanged; only its type is checked. */
export function definePrompt(prompt: Prompt): Prompt {
  return prompt;
}

const NAMES = /\{([a-z_]+)\}/g;

/** True for a template. */
export function isTemplate(uri: string): boolean {
  return uri.includes("{");
}

/** What an address says at the places of a template; undefined where it does not fit. A name holds no `/`. */
export function namesIn(template: string, uri: string): Record<string, string> | undefined {
  const names = [...template.matchAll(NAMES)].map(([, name]) => name!);
  const parts = template.split(NAMES).filter((_, at) => at % 2 === 0);
  const pattern = parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("([^/]{1,300})");
  const found = new RegExp(`^${pattern}$`).exec(uri);
  if (found === null) return undefined;
  try {
    return Object.fromEntries(names.map((name, at) => [name, decodeURIComponent(found[at + 1] ?? "")]));
  } catch {
    return undefined;
  }
}
