/** How a client starts a server, as far as a person has something to say to it. */
export interface Launch {
  /** As clients show it; the same as the server itself says. */
  readonly title: string;
  /** It is told by `--root` where configurations may lie. */
  readonly root: boolean;
  /** It keeps durable runs, in local Temporal or in a cluster. */
  readonly durable: boolean;
}

export const LAUNCH: Readonly<Record<string, Launch>> = {
  "flux-teleport": { title: "Flux and Teleport", root: false, durable: false },
  "meta-workflows": { title: "Meta-workflows", root: false, durable: true },
  terraform: { title: "Terraform on Temporal", root: true, durable: true },
};

/** What of a package's manifest goes into the descriptions of it for others. */
export interface PackageFacts {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly homepage: string;
  readonly bugs: string;
  readonly license: string;
  readonly author: string;
  readonly repository: { readonly type: string; readonly url: string; readonly directory: string };
  readonly bin: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
  readonly mcpName: string;
}

/** How a server is started. @throws Error for one that has no line above */
export function launchOf(server: string): Launch {
  const launch = LAUNCH[server];
  if (launch === undefined) throw new Error(`tooling/release/launch.ts does not say how ${server} is started`);
  return launch;
}

/** The name of a package's bin. */
export function binName({ bin }: Pick<PackageFacts, "bin">): string {
  return Object.keys(bin)[0] ?? "";
}
