import { timingSafeEqual } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { OpsError } from "@platform-ops/errors";
import { canonicalJson, sha256 } from "../canonical-json.ts";
import type { DataDirectory } from "../data-directory.ts";
import { readPrivate, writeDurably } from "../durable-file.ts";
import type { Keyring } from "../keys.ts";
import { keyedDigest } from "../seal.ts";
import type { ApprovalRecord, ApprovalRequest, Decision, RecordSignature, RequestStatus, SubjectItem } from "./approval.ts";
import { requestDigest, requestId, requestShape } from "./shapes.ts";

const MAX_BYTES = 4 * 1024 * 1024;

/** A request as it is kept: without what follows from other files. */
export type KeptRequest = Omit<ApprovalRequest, "status">;

/** Who used an approval for an item. */
export interface Use {
  readonly request_id: string;
  readonly item: SubjectItem;
  readonly record: string;
  readonly consumer: string;
  readonly at: string;
}

/**
 * Requests, decisions, signatures and uses as files, each written once and whole: `requests/<id>.json`, `records/<id>.json`,
 * `requests/<id>.closed.json`, `signatures/<id>/<decision>-<fingerprint>.json`, `used/<digest>.json`. Each carries a MAC.
 */
export class ApprovalFiles {
  readonly #dir: DataDirectory;
  readonly #keys: Keyring;

  constructor(dir: DataDirectory, keys: Keyring) {
    this.#dir = dir;
    this.#keys = keys;
  }

  /** False when a request of that id is kept already. */
  async keepRequest(request: KeptRequest): Promise<boolean> {
    return this.#keep(this.#requestFile(request.id), request);
  }

  /** @throws OpsError `approval_not_found`; `approval_invalid` when it was altered. */
  async request(id: string): Promise<KeptRequest> {
    const request = requestId.safeParse(id).success ? await this.#read<KeptRequest>(this.#requestFile(id)) : undefined;
    if (request === undefined) throw new OpsError("approval_not_found", `There is no approval request ${shownId(id)}.`);
    const { digest, ...fields } = request;
    if (request.id !== id || !requestShape.safeParse(fields).success || requestDigest(request) !== digest)
      throw altered(`The request ${id}`);
    return request;
  }

  /** Ids of all requests, newest first (a ULID begins with its time). */
  async requestIds(): Promise<string[]> {
    return this.#idsIn("requests");
  }

  /** Ids of all requests that were decided, newest first. */
  async recordIds(): Promise<string[]> {
    return this.#idsIn("records");
  }

  async #idsIn(folder: "requests" | "records"): Promise<string[]> {
    const names = await readdir(this.#dir.path("approvals", folder));
    return names
      .flatMap((name) => /^(apr_[0-9A-Za-z]+)\.json$/.exec(name)?.[1] ?? [])
      .sort()
      .reverse();
  }

  async close(id: string, status: RequestStatus, at: string): Promise<boolean> {
    return this.#keep(this.#closedFile(id), { id, status, at });
  }

  async closed(id: string): Promise<RequestStatus | undefined> {
    return (await this.#read<{ status: RequestStatus }>(this.#closedFile(id)))?.status;
  }

  /** The first decision stays: false when there is one. */
  async keepRecord(record: ApprovalRecord): Promise<boolean> {
    return this.#keep(this.#recordFile(record.request_id), record);
  }

  async record(id: string): Promise<ApprovalRecord | undefined> {
    return this.#read<ApprovalRecord>(this.#recordFile(id));
  }

  async keepSignature(id: string, decision: Decision, signature: RecordSignature): Promise<void> {
    await mkdir(this.#dir.path("approvals", "signatures", id), { recursive: true, mode: 0o700 });
    const path = this.#dir.path("approvals", "signatures", id, `${decision}-${sha256(signature.fingerprint).slice(0, 32)}.json`);
    await writeDurably(path, this.#text(signature), { mode: "replace", flushDirectory: true });
  }

  async signatures(id: string, decision: Decision): Promise<RecordSignature[]> {
    const folder = this.#dir.path("approvals", "signatures", id);
    const names = await readdir(folder).catch(() => []);
    const found = await Promise.all(
      names
        .filter((name) => name.startsWith(`${decision}-`) && name.endsWith(".json"))
        .map(async (name) => this.#read<RecordSignature>(this.#dir.path("approvals", "signatures", id, name))),
    );
    return found.filter((signature) => signature !== undefined);
  }

  /** Marks an item as used; the mark that is there already, when there is one. */
  async use(use: Use): Promise<Use | undefined> {
    if (await this.#keep(this.#useFile(use.request_id, use.item), use)) return undefined;
    return this.usedBy(use.request_id, use.item);
  }

  async usedBy(id: string, item: SubjectItem): Promise<Use | undefined> {
    return this.#read<Use>(this.#useFile(id, item));
  }

  /** Takes away a request with all that belongs to it; the request last, so that what was begun can be finished. */
  async remove({ id, subject }: KeptRequest): Promise<void> {
    const files = [this.#recordFile(id), this.#closedFile(id), ...subject.map((item) => this.#useFile(id, item))];
    for (const file of files) await rm(file, { force: true });
    await rm(this.#dir.path("approvals", "signatures", id), { recursive: true, force: true });
    await rm(this.#requestFile(id), { force: true });
  }

  /** The MAC of a record under this directory's key. */
  recordMac(record: ApprovalRecord): string {
    const { mac: _mac, ...fields } = record;
    return keyedDigest(this.#keys, `platform-ops approval record 1\n${canonicalJson(fields)}`);
  }

  #requestFile = (id: string): string => this.#dir.path("approvals", "requests", `${id}.json`);
  #closedFile = (id: string): string => this.#dir.path("approvals", "requests", `${id}.closed.json`);
  #recordFile = (id: string): string => this.#dir.path("approvals", "records", `${id}.json`);
  #useFile = (id: string, item: SubjectItem): string => this.#dir.path("approvals", "used", `${sha256(canonicalJson([id, item]))}.json`);

  #text(value: object): string {
    return `${canonicalJson({ kept: value, mac: this.#mac(value) })}\n`;
  }

  #mac(value: object): string {
    return keyedDigest(this.#keys, `platform-ops approval file 1\n${canonicalJson(value)}`);
  }

  async #keep(path: string, value: object): Promise<boolean> {
    return writeDurably(path, this.#text(value), { mode: "once", flushDirectory: true });
  }

  async #read<T extends object>(path: string): Promise<T | undefined> {
    const bytes = await readPrivate(path, MAX_BYTES);
    if (bytes === undefined) return undefined;
    let file: { kept?: unknown; mac?: unknown };
    try {
      file = JSON.parse(bytes.toString("utf8")) as typeof file;
    } catch {
      throw altered(path);
    }
    if (typeof file?.kept !== "object" || file.kept === null || typeof file.mac !== "string" || !sameText(file.mac, this.#mac(file.kept)))
      throw altered(path);
    return file.kept as T;
  }
}

/** Compares without telling by its time where two texts differ. */
export function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function altered(what: string): OpsError {
  return new OpsError("approval_invalid", `${what} was altered after it was written, or belongs to other keys.`);
}

function shownId(id: string): string {
  return JSON.stringify(String(id).slice(0, 80));
}
