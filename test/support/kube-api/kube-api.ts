import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { CORE, discovery, FLUX, groupVersion, type ResourceType } from "./resources.ts";
import { mergePatch, ObjectStore, type KubeObject } from "./object-store.ts";

/** What the stand-in answers instead of the thing asked, for one request. */
export type Fault = (request: { method: string; path: string }) => { status: number; reason: string; message: string } | undefined;

export interface KubeApi {
  readonly url: string;
  readonly store: ObjectStore;
  /** Lines of a pod's log. */
  readonly logs: Map<string, string[]>;
  /** Every request, `METHOD path?query`. */
  readonly requests: string[];
  fault: Fault | undefined;
  /** Content of a kubeconfig for it. */
  kubeconfig(): string;
  stop(): Promise<void>;
}

/** A Kubernetes API server as far as kubectl's get, patch, annotate, logs and events need one, on a loopback port. */
export async function startKubeApi(options: { flux?: boolean } = {}): Promise<KubeApi> {
  const types = options.flux === false ? CORE : [...CORE, ...FLUX];
  const store = new ObjectStore(types);
  const api = { store, logs: new Map<string, string[]>(), requests: [] as string[], fault: undefined as Fault | undefined };
  const server = createServer((request, response) => {
    void answer(types, api, request, response).catch((error: unknown) => sendStatus(response, 500, "InternalError", String(error)));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(api, {
    url,
    kubeconfig: () =>
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: "stand-in", cluster: { server: url } }],
        users: [{ name: "tester", user: { token: "made-up" } }],
        contexts: [{ name: "stand-in", context: { cluster: "stand-in", user: "tester" } }],
        "current-context": "stand-in",
      }),
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

type Served = Pick<KubeApi, "store" | "logs" | "requests" | "fault">;

async function answer(types: readonly ResourceType[], api: Served, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://stand-in");
  const method = request.method ?? "GET";
  api.requests.push(`${method} ${url.pathname}${url.search}`);
  const fault = api.fault?.({ method, path: url.pathname });
  if (fault !== undefined) return sendStatus(response, fault.status, fault.reason, fault.message);
  const found = discovery(types, url.pathname);
  if (found !== undefined) return send(response, 200, found);
  const place = placeOf(types, url.pathname);
  if (place === undefined) return sendStatus(response, 404, "NotFound", "the server could not find the requested resource");
  if (place.name === undefined) return sendList(response, api, place, url.searchParams);
  const object = api.store.get(place.type, place.namespace, place.name);
  if (object === undefined) return sendStatus(response, 404, "NotFound", `${qualified(place.type)} "${place.name}" not found`);
  if (place.sub === "log") return sendLog(response, api, object, url.searchParams);
  if (method === "PATCH") {
    if (request.headers["content-type"] !== "application/merge-patch+json") {
      return sendStatus(response, 415, "UnsupportedMediaType", "the body of the request was in an unknown format");
    }
    return send(response, 200, api.store.put(mergePatch(object, JSON.parse(await bodyOf(request))) as KubeObject));
  }
  return send(response, 200, object);
}

interface Place {
  readonly type: ResourceType;
  readonly namespace?: string;
  readonly name?: string;
  readonly sub?: string;
}

function placeOf(types: readonly ResourceType[], path: string): Place | undefined {
  const parts = path.split("/").slice(1).map(decodeURIComponent);
  const isCore = parts[0] === "api";
  const group = isCore ? "" : parts[1];
  const version = isCore ? parts[1] : parts[2];
  const rest = parts.slice(isCore ? 2 : 3);
  const isNamespaced = rest[0] === "namespaces" && rest.length > 2;
  const [plural, name, sub] = isNamespaced ? rest.slice(2) : rest;
  const type = types.find((one) => one.group === group && one.version === version && one.plural === plural);
  if (type === undefined) return undefined;
  return {
    type,
    ...(isNamespaced && rest[1] !== undefined ? { namespace: rest[1] } : {}),
    ...(name === undefined ? {} : { name }),
    ...(sub === undefined ? {} : { sub }),
  };
}

function sendList(response: ServerResponse, api: Served, { type, namespace }: Place, query: URLSearchParams): void {
  const labels = pairs(query.get("labelSelector"));
  const fields = pairs(query.get("fieldSelector"));
  const all = api.store
    .list(type, namespace)
    .filter((one) => labels.every(([key, value]) => one.metadata.labels?.[key] === value))
    .filter((one) => fields.every(([path, value]) => fieldOf(one, path) === value));
  const from = Number(query.get("continue") ?? 0);
  const end = from + Number(query.get("limit") ?? all.length);
  send(response, 200, {
    apiVersion: groupVersion(type),
    kind: `${type.kind}List`,
    metadata: { resourceVersion: "1", ...(end < all.length ? { continue: String(end) } : {}) },
    items: all.slice(from, end || undefined),
  });
}

const pairs = (selector: string | null): [string, string][] =>
  (selector ?? "")
    .split(",")
    .filter((pair) => pair !== "")
    .map((pair) => pair.split("=").filter((part) => part !== "") as [string, string]);

function fieldOf(object: KubeObject, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], object);
}

function sendLog(response: ServerResponse, api: Served, pod: KubeObject, query: URLSearchParams): void {
  const lines = api.logs.get(`${pod.metadata.namespace}/${pod.metadata.name}`) ?? [];
  const tail = Number(query.get("tailLines") ?? lines.length);
  const kept = lines.slice(Math.max(0, lines.length - tail)).map((line) => `${line}\n`);
  response.writeHead(200, { "content-type": "text/plain" }).end(kept.join(""));
}

const qualified = ({ plural, group }: ResourceType): string => (group === "" ? plural : `${plural}.${group}`);

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function sendStatus(response: ServerResponse, code: number, reason: string, message: string): void {
  send(response, code, { kind: "Status", apiVersion: "v1", status: "Failure", message, reason, code });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString("utf8");
}
