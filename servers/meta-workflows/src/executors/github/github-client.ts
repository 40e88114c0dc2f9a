import { OpsError } from "@platform-ops/errors";
import { matchesGlob } from "@platform-ops/ledger";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import { z } from "zod";
import type { ExecutorDeps } from "../executor-deps.ts";

const MAX_BODY = 4 * 1024 * 1024;
const WITHIN_MS = 30_000;
const PAGE = 100;
const MAX_PAGES = 10;
/** Of the public API, https://docs.github.com/en/rest/about-the-rest-api/api-versions */
const API_VERSION = "2022-11-28";

/** `owner/name`, as GitHub allows it. */
export const repositoryName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,38}\/[A-Za-z0-9._-]{1,100}$/, "must be owner/name")
  .refine((name) => !/\/\.{1,2}$/.test(name), "must be owner/name");

/** The REST API of one repository. What it answers is checked by its caller; its words are never repeated. */
export class GithubClient {
  readonly #base: string;
  readonly #token: string;
  readonly #signal: AbortSignal;
  /** Path of the repository. */
  readonly #root: string;

  private constructor(base: string, token: string, repository: string, signal: AbortSignal) {
    this.#base = base;
    this.#token = token;
    this.#signal = signal;
    this.#root = `/repos/${repository.split("/").map(encodeURIComponent).join("/")}`;
  }

  /** @throws OpsError settings_invalid, not_allowed (another repository), credentials */
  static open(deps: ExecutorDeps, repository: string, signal: AbortSignal): GithubClient {
    const { github } = deps.settings;
    if (github === undefined)
      throw new OpsError("not_allowed", "No server for pull requests is set up.", { hint: "Let the operator set meta_workflows.github." });
    if (!github.repositories.some((glob) => matchesGlob(glob, repository)))
      throw new OpsError("not_allowed", `${repository} is not one of the repositories that runbooks may work with.`, {
        hint: `Allowed: ${github.repositories.join(", ") || "none"}. The operator extends it: meta_workflows.github.repositories.`,
      });
    const token = deps.secret(github.token);
    if (token === undefined || token === "")
      throw new OpsError("credentials", `There is no secret ${github.token} here, which holds the token for ${github.api_url}.`);
    deps.redactor.addSecret(token);
    return new GithubClient(baseOf(github.api_url), token, repository, signal);
  }

  /** @throws OpsError not_found, credentials, not_allowed, conflict, command_failed, timed_out */
  async get(path: string, query: Readonly<Record<string, string>> = {}): Promise<Json> {
    return this.#send("GET", `${path}${queryOf(query)}`);
  }

  /** All pages of a list, as many as are needed for what anybody looks at. */
  async list(path: string, query: Readonly<Record<string, string>>, itemsOf: (page: Json) => readonly Json[]): Promise<readonly Json[]> {
    const found: Json[] = [];
    for (let page = 1; page <= MAX_PAGES; page += 1) {
      const items = itemsOf(await this.get(path, { ...query, per_page: String(PAGE), page: String(page) }));
      found.push(...items.slice(0, PAGE));
      if (items.length < PAGE) return found;
    }
    return found;
  }

  /** @throws OpsError as `get`; `details.may_have_run` where it may have been done all the same */
  async send(method: "POST" | "PATCH", path: string, body: { readonly [name: string]: Json }): Promise<Json> {
    return this.#send(method, path, body);
  }

  async #send(method: string, path: string, body?: Json): Promise<Json> {
    const within = AbortSignal.timeout(WITHIN_MS);
    const changes = method !== "GET";
    let answer: { readonly status: number; readonly body: Json | undefined };
    try {
      const response = await fetch(`${this.#base}${this.#root}${path}`, {
        method,
        // An answer that leads elsewhere would take the token there.
        redirect: "manual",
        signal: AbortSignal.any([this.#signal, within]),
        headers: {
          accept: "application/vnd.github+json",
          authorization: `Bearer ${this.#token}`,
          "user-agent": "platform-ops",
          "x-github-api-version": API_VERSION,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      answer = { status: response.status, body: await bodyOf(response) };
    } catch (cause) {
      if (this.#signal.aborted) throw failure("cancelled", "The call was cancelled.", changes, cause);
      if (within.aborted) throw failure("timed_out", "The server for pull requests did not answer in time.", changes, cause);
      throw failure("command_failed", "The server for pull requests cannot be reached, or broke off.", changes, cause);
    }
    if (answer.status >= 200 && answer.status < 300 && answer.body !== undefined) return answer.body;
    throw refusal(answer.status, answer.body, changes);
  }
}

function failure(code: "cancelled" | "timed_out" | "command_failed", message: string, mayHaveRun: boolean, cause?: unknown): OpsError {
  return new OpsError(code, message, { details: { may_have_run: mayHaveRun }, cause });
}

function refusal(status: number, body: Json | undefined, changes: boolean): OpsError {
  const said = (code: ConstructorParameters<typeof OpsError>[0], message: string, retryable = false): OpsError =>
    new OpsError(code, `The server for pull requests ${message} (HTTP ${status}).`, {
      retryable,
      details: { may_have_run: false, status },
    });
  if (status === 401) return said("credentials", "does not accept the token");
  if (status === 403 || status === 429) return said("not_allowed", "refuses this account, or was asked too often", true);
  if (status === 404) return said("not_found", "has nothing of that name, or shows it to another account only");
  if (status === 409) return said("conflict", "says that something else holds this");
  if (status === 422) return said("invalid_input", "takes this for no request that can be carried out");
  // A 2xx without a body that can be read comes here too.
  return new OpsError("command_failed", `The server for pull requests answered in a way that cannot be understood (HTTP ${status}).`, {
    details: { may_have_run: changes && (status < 400 || status >= 500 || body === undefined), status },
  });
}

/** @throws OpsError settings_invalid for an address to which a token must not be sent */
function baseOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHere = url !== undefined && /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (
    url === undefined ||
    (url.protocol !== "https:" && !(url.protocol === "http:" && isHere)) ||
    url.username !== "" ||
    url.search !== "" ||
    url.hash !== ""
  )
    throw new OpsError("settings_invalid", "meta_workflows.github.api_url must be an https address, as https://api.github.com.");
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

function queryOf(query: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(query).toString();
  return text === "" ? "" : `?${text}`;
}

/** The body as JSON; undefined where it is none or too large. */
async function bodyOf(response: Response): Promise<Json | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_BODY) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8")) as Json;
  } catch {
    return undefined;
  }
}
