import { OpsError } from "@platform-ops/errors";
import { StreamCapture } from "./capture.ts";
import type { RemoteCommand } from "./command.ts";
import { putIntoEnvelope, type EnvelopeOptions } from "./envelope.ts";
import { MarkedStream, type EndMark } from "./marked-stream.ts";
import type { RunOptions } from "./remote.ts";
import type { RunResult } from "./result.ts";
import { howItEnded, type Observed, type StopReason } from "./run-result.ts";
import type { Target } from "./target.ts";
import type { ExecEnd, Transport } from "./transport.ts";

/** How commands are put around and ended on the machines of one cluster. */
export interface RunManner extends Pick<EnvelopeOptions, "kind" | "sudoTimeout" | "graceSeconds"> {
  /** Milliseconds until a command must have begun: connecting, logging in, the login shell's start-up files. */
  readonly startMs: number;
}

/** Beyond the remote time limit and its grace, until we take the remote side for deaf. */
const MARGIN_MS = 5_000;
const NOISE = { for: "model", maxBytes: 4_096 } as const;

/** Runs one command by a transport and finds out how it ended. Policy was asked before. */
export async function runCommand(
  transport: Transport,
  target: Target,
  command: RemoteCommand,
  options: RunOptions,
  manner: RunManner,
): Promise<RunResult> {
  return await new Run(transport, target, command, options, manner).result();
}

/** One run: the state that the streams, the clock and the caller change. */
class Run {
  readonly #transport: Transport;
  readonly #target: Target;
  readonly #options: RunOptions;
  readonly #manner: RunManner;
  readonly #envelope;
  readonly #isSudo: boolean;
  readonly #limitSeconds: number;
  readonly #abort = new AbortController();
  readonly #stdout: StreamCapture;
  readonly #stderr: StreamCapture;
  readonly #noise = { stdout: new StreamCapture(NOISE), stderr: new StreamCapture(NOISE) };
  readonly #began = performance.now();
  #releaseCommand: (bytes: Uint8Array) => void = () => undefined;
  #finish: (seen: "marks" | ExecEnd) => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #startedAt: number | undefined;
  #wentAhead = false;
  #stop: StopReason | undefined;
  #refused: string | undefined;
  #ends: { stdout?: EndMark; stderr?: EndMark } = {};

  constructor(transport: Transport, target: Target, command: RemoteCommand, options: RunOptions, manner: RunManner) {
    this.#transport = transport;
    this.#target = target;
    this.#options = options;
    this.#manner = manner;
    this.#limitSeconds = Math.max(1, Math.ceil(options.timeoutMs / 1_000));
    // A read may as well run unseen; what changes something waits until we know that it begins.
    this.#envelope = putIntoEnvelope(command, { ...manner, limitSeconds: this.#limitSeconds, waits: options.effect !== "read" });
    this.#isSudo = command.sudo === true;
    this.#stdout = new StreamCapture(options.capture);
    this.#stderr = new StreamCapture(
      options.capture.for === "parser" ? { for: "model", maxBytes: options.capture.maxBytes } : options.capture,
    );
  }

  async result(): Promise<RunResult> {
    const { signal } = this.#options;
    if (signal?.aborted === true) return this.#told({ how: "refused", exit_code: null, failure: cancelledBefore() });
    const finished = new Promise<"marks" | ExecEnd>((resolve) => (this.#finish = resolve));
    const onAbort = (): void => this.#end("cancelled");
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#timer = setTimeout(
      () => this.#end("start"),
      this.#manner.startMs + (this.#envelope.mark === undefined ? this.#options.timeoutMs : 0),
    );
    try {
      void this.#exec().then(this.#finish);
      return this.#told(await finished);
    } finally {
      clearTimeout(this.#timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async #exec(): Promise<ExecEnd> {
    const { mark, line, words, input, goAhead, endInput } = this.#envelope;
    const [onStdout, onStderr, close] = mark === undefined ? this.#bare() : this.#marked(mark);
    try {
      const end = await this.#transport.exec({
        target: this.#target,
        line,
        input,
        signal: this.#abort.signal,
        graceMs: (this.#manner.graceSeconds + 2) * 1_000,
        ...(words === undefined ? {} : { words }),
        ...(goAhead === undefined ? {} : { goAhead: new Promise<Uint8Array>((resolve) => (this.#releaseCommand = resolve)) }),
        endInput,
        onStdout,
        onStderr,
      });
      close();
      return end;
    } catch (cause) {
      const failure = new OpsError("unexpected", "The transport failed in a way that we did not foresee.", { cause });
      return { how: "lost", exit_code: null, failure };
    }
  }

  #bare(): [(chunk: Uint8Array) => void, (chunk: Uint8Array) => void, () => void] {
    return [(chunk) => this.#keep(this.#stdout, chunk), (chunk) => this.#keep(this.#stderr, chunk), () => undefined];
  }

  #marked(mark: string): [(chunk: Uint8Array) => void, (chunk: Uint8Array) => void, () => void] {
    const streams = (["stdout", "stderr"] as const).map((name) => {
      const capture = name === "stdout" ? this.#stdout : this.#stderr;
      return new MarkedStream(mark, {
        onNoise: (chunk) => this.#noise[name].write(chunk),
        onOutput: (chunk) => this.#keep(capture, chunk),
        onStart: (words) => this.#onStart(words),
        onRefused: (reason) => (this.#refused = reason),
        onEnd: (end) => {
          this.#ends[name] = end;
          // Both streams are whole: what the transport still has to say adds nothing, so nobody waits for it.
          if (this.#ends.stdout !== undefined && this.#ends.stderr !== undefined) this.#finish("marks");
        },
      });
    }) as [MarkedStream, MarkedStream];
    return [
      (chunk) => streams[0].write(chunk),
      (chunk) => streams[1].write(chunk),
      () => {
        for (const stream of streams) stream.end();
      },
    ];
  }

  #keep(capture: StreamCapture, chunk: Uint8Array): void {
    capture.write(chunk);
    // Reading on would be for nothing; what changes something is let go to its end.
    if (capture.isOver && this.#options.effect === "read") this.#end("too_large");
  }

  #onStart(words: string): void {
    if (this.#startedAt !== undefined || this.#stop !== undefined) return;
    this.#startedAt = performance.now();
    this.#wentAhead = true;
    clearTimeout(this.#timer);
    const limit = this.#limitSeconds * 1_000;
    const hasTimeout = words !== "0";
    this.#timer = setTimeout(() => this.#end("limit"), hasTimeout ? limit + this.#manner.graceSeconds * 1_000 + MARGIN_MS : limit);
    if (this.#envelope.goAhead !== undefined) this.#releaseCommand(this.#envelope.goAhead);
  }

  /** Ends the remote side: the transport closes stdin, which the watchdog there takes for our going. */
  #end(reason: StopReason): void {
    if (this.#stop !== undefined) return;
    this.#stop = this.#envelope.mark === undefined && reason === "start" ? "limit" : reason;
    clearTimeout(this.#timer);
    // A transport keeps to the grace by itself; this is for one that does not.
    const patience = (this.#manner.graceSeconds + 2) * 1_000 + MARGIN_MS;
    this.#timer = setTimeout(() => this.#finish({ how: "lost", exit_code: null }), patience);
    this.#abort.abort();
  }

  #told(seen: "marks" | ExecEnd): RunResult {
    const now = performance.now();
    const observed: Observed = {
      target: this.#target,
      marked: this.#envelope.mark !== undefined,
      waited: this.#envelope.goAhead !== undefined,
      started: this.#startedAt !== undefined,
      wentAhead: this.#wentAhead,
      refused: this.#refused,
      stop: this.#stop,
      end: this.#ends.stderr ?? this.#ends.stdout,
      transport: seen === "marks" ? undefined : seen,
      tookMs: now - (this.#startedAt ?? this.#began),
      limitSeconds: this.#limitSeconds,
      tooLarge: this.#stdout.isOver,
      capture: this.#options.capture,
      sudoStderr: this.#isSudo ? this.#stderr.read().text : undefined,
    };
    const outcome = howItEnded(observed);
    const noise = { stdout: this.#noise.stdout.read(), stderr: this.#noise.stderr.read() };
    const isNoiseAll = observed.marked && !observed.started;
    const login = `${noise.stdout.text}${noise.stderr.text}`;
    return {
      target: this.#target,
      ...outcome,
      // Where nothing of ours began, what the login shell said is all there is.
      stdout: isNoiseAll ? noise.stdout : this.#stdout.read(),
      stderr: isNoiseAll ? noise.stderr : this.#stderr.read(),
      ...(isNoiseAll || login === "" ? {} : { login_noise: login }),
      duration_ms: Math.round(now - this.#began),
    };
  }
}

function cancelledBefore(): OpsError {
  return new OpsError("cancelled", "It was cancelled before it was begun.");
}
