/** What the machine gives; read once, where the process starts. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  /** A private folder (0700) for sockets and the like; made when needed. */
  readonly runtimeFolder: string;
}
