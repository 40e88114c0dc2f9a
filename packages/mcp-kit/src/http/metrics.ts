import { monitorEventLoopDelay } from "node:perf_hooks";
import type { AuditEntry } from "@platform-ops/ledger";

/** Upper bounds of the buckets of durations, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

interface Durations {
  readonly counts: number[];
  sum: number;
  count: number;
}

/** What the server counts, as Prometheus reads it (text format 0.0.4). Labels come from closed sets: no client can add series. */
export class Metrics {
  readonly #requests = new Map<string, number>();
  readonly #refused = new Map<string, number>();
  readonly #calls = new Map<string, number>();
  readonly #durations: Durations = { counts: BUCKETS.map(() => 0), sum: 0, count: 0 };
  readonly #tools: ReadonlySet<string>;
  readonly #gauges: () => Readonly<Record<string, number>>;
  readonly #delay = monitorEventLoopDelay({ resolution: 100 });

  /** `gauges` gives what is counted elsewhere, by the end of its name. */
  constructor(tools: readonly string[], gauges: () => Readonly<Record<string, number>>) {
    this.#tools = new Set(tools);
    this.#gauges = gauges;
    this.#delay.enable();
  }

  request(path: string, method: string, status: number, seconds: number): void {
    const known = ["GET", "POST", "DELETE", "OPTIONS", "HEAD"].includes(method) ? method : "other";
    add(this.#requests, `path="${path}",method="${known}",status="${status}"`);
    if (path !== "/mcp" || method !== "POST") return;
    this.#durations.sum += seconds;
    this.#durations.count += 1;
    const bucket = BUCKETS.findIndex((bound) => seconds <= bound);
    if (bucket !== -1) this.#durations.counts[bucket]! += 1;
  }

  refused(reason: string): void {
    add(this.#refused, `reason="${reason}"`);
  }

  /** A line of the audit: calls of tools are counted by it. */
  audited({ kind, what, outcome }: AuditEntry): void {
    if (kind === "tool_call") add(this.#calls, `tool="${this.#tools.has(what) ? what : "unknown"}",outcome="${outcome}"`);
  }

  text(): string {
    const { heapUsed, rss } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const lines = [
      ...counter("requests_total", "HTTP requests that were answered.", this.#requests),
      ...counter("refused_total", "HTTP requests that were refused before the protocol saw them.", this.#refused),
      ...counter("tool_calls_total", "Calls of tools.", this.#calls),
      ...this.#histogram(),
      ...Object.entries(this.#gauges()).flatMap(([name, value]) => [`# TYPE platform_ops_${name} gauge`, `platform_ops_${name} ${value}`]),
      "# TYPE nodejs_eventloop_lag_p99_seconds gauge",
      `nodejs_eventloop_lag_p99_seconds ${this.#delay.percentile(99) / 1e9}`,
      "# TYPE process_resident_memory_bytes gauge",
      `process_resident_memory_bytes ${rss}`,
      "# TYPE nodejs_heap_size_used_bytes gauge",
      `nodejs_heap_size_used_bytes ${heapUsed}`,
      "# TYPE process_cpu_seconds_total counter",
      `process_cpu_seconds_total ${(user + system) / 1e6}`,
      "# TYPE process_start_time_seconds gauge",
      `process_start_time_seconds ${Math.round(Date.now() / 1000 - process.uptime())}`,
    ];
    return `${lines.join("\n")}\n`;
  }

  close(): void {
    this.#delay.disable();
  }

  #histogram(): string[] {
    const name = "platform_ops_http_call_seconds";
    let below = 0;
    return [
      `# HELP ${name} From the head of a POST to the end of its answer; a stream counts until it ends.`,
      `# TYPE ${name} histogram`,
      ...BUCKETS.map((bound, at) => `${name}_bucket{le="${bound}"} ${(below += this.#durations.counts[at]!)}`),
      `${name}_bucket{le="+Inf"} ${this.#durations.count}`,
      `${name}_sum ${this.#durations.sum}`,
      `${name}_count ${this.#durations.count}`,
    ];
  }
}

function add(to: Map<string, number>, labels: string): void {
  to.set(labels, (to.get(labels) ?? 0) + 1);
}

function counter(name: string, help: string, values: ReadonlyMap<string, number>): string[] {
  const full = `platform_ops_http_${name}`;
  return [`# HELP ${full} ${help}`, `# TYPE ${full} counter`, ...[...values].map(([labels, value]) => `${full}{${labels}} ${value}`)];
}
