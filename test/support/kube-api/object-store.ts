import { groupVersion, type ResourceType } from "./resources.ts";

/** A Kubernetes object, as JSON. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    generation?: number;
    resourceVersion?: string;
    uid?: string;
    creationTimestamp?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    [key: string]: unknown;
  };
  spec?: Record<string, any>;
  status?: Record<string, any>;
  [key: string]: unknown;
}

export type Change = (object: KubeObject, what: { readonly spec: boolean; readonly annotations: boolean }) => void;

/** Objects by type, namespace and name, with what the API server itself keeps of them: generation, uid, resourceVersion. */
export class ObjectStore {
  readonly #types: readonly ResourceType[];
  readonly #objects = new Map<string, KubeObject>();
  readonly #listeners: Change[] = [];
  #version = 1000;

  constructor(types: readonly ResourceType[]) {
    this.#types = types;
  }

  typeOf(kind: string, apiVersion: string): ResourceType {
    const [group] = apiVersion.includes("/") ? apiVersion.split("/") : [""];
    const found = this.#types.find((one) => one.kind === kind && one.group === group);
    if (found === undefined) throw new Error(`The stand-in serves no ${apiVersion} ${kind}.`);
    return found;
  }

  onChange(listener: Change): void {
    this.#listeners.push(listener);
  }

  /** Creates or replaces; a changed spec raises the generation. */
  put(object: KubeObject): KubeObject {
    const type = this.typeOf(object.kind, object.apiVersion);
    const key = keyOf(type, object.metadata.namespace, object.metadata.name);
    const before = this.#objects.get(key);
    const isSpecChanged = JSON.stringify(before?.spec) !== JSON.stringify(object.spec);
    const areAnnotationsChanged = JSON.stringify(before?.metadata.annotations) !== JSON.stringify(object.metadata.annotations);
    const kept: KubeObject = {
      ...structuredClone(object),
      apiVersion: groupVersion(type),
      metadata: {
        ...structuredClone(object.metadata),
        uid: before?.metadata.uid ?? object.metadata.uid ?? `00000000-0000-4000-8000-${String(this.#version).padStart(12, "0")}`,
        creationTimestamp: before?.metadata.creationTimestamp ?? object.metadata.creationTimestamp ?? now(),
        generation: before === undefined ? (object.metadata.generation ?? 1) : (before.metadata.generation ?? 1) + (isSpecChanged ? 1 : 0),
        resourceVersion: String((this.#version += 1)),
      },
    };
    this.#objects.set(key, kept);
    for (const listener of this.#listeners) listener(kept, { spec: isSpecChanged, annotations: areAnnotationsChanged });
    return kept;
  }

  /** Writes a status alone, as a controller does. */
  setStatus(object: KubeObject, status: Record<string, unknown>): void {
    const current = this.get(this.typeOf(object.kind, object.apiVersion), object.metadata.namespace, object.metadata.name);
    if (current === undefined) return;
    current.status = { ...current.status, ...structuredClone(status) };
    current.metadata.resourceVersion = String((this.#version += 1));
  }

  get(type: ResourceType, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#objects.get(keyOf(type, namespace, name));
  }

  find(kind: string, namespace: string, name: string): KubeObject | undefined {
    return [...this.#objects.values()].find(
      (one) => one.kind === kind && one.metadata.namespace === namespace && one.metadata.name === name,
    );
  }

  list(type: ResourceType, namespace?: string): KubeObject[] {
    const prefix = `${type.group}/${type.plural}/${namespace === undefined ? "" : `${namespace}/`}`;
    return [...this.#objects.entries()].filter(([key]) => key.startsWith(prefix)).map(([, object]) => object);
  }

  ofKind(kind: string): KubeObject[] {
    return [...this.#objects.values()].filter((one) => one.kind === kind);
  }

  delete(object: KubeObject): void {
    this.#objects.delete(keyOf(this.typeOf(object.kind, object.apiVersion), object.metadata.namespace, object.metadata.name));
  }
}

const keyOf = (type: ResourceType, namespace: string | undefined, name: string): string =>
  `${type.group}/${type.plural}/${namespace ?? ""}/${name}`;

/** The time as Kubernetes writes it. */
export const now = (): string => new Date().toISOString().replace(/\.\d{3}Z$/, "Z");

/** RFC 7386. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const merged: Record<string, unknown> = typeof target === "object" && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}
