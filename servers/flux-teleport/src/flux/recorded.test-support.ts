import { readFileSync } from "node:fs";
import { project } from "../kubernetes/projection.ts";
import { DETAIL_PROJECTION, fluxObject, type FluxObject } from "./flux-object.ts";

/** The objects of a recording of a real cluster, as they come from kubectl. */
export function recordedRows(name: string): Record<string, unknown>[] {
  const file = new URL(`../../../../test/recorded/flux/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { items: Record<string, unknown>[] }).items;
}

/** The Flux objects of a recording. */
export function recorded(name: string): FluxObject[] {
  return recordedRows(name).map((row) => fluxObject(project(row, DETAIL_PROJECTION)));
}

/** The one of that kind and name. */
export function recordedOne(name: string, kind: string, called = "app"): FluxObject {
  const found = recorded(name).find((one) => one.kind === kind && one.name === called);
  if (found === undefined) throw new Error(`${name} has no ${kind} ${called}`);
  return found;
}
