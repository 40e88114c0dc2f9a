import type { VersionVerdict } from "./version-verdict.ts";

/** How long the first result waits for what is not known yet, in milliseconds; later ones wait for nothing. */
const PATIENCE_MS = 1_000;

/**
 * Whether tsh goes with the proxy of a cluster: looked up once, beside the first thing that is asked there. A pair that does not
 * go together often works all the same, and tsh itself only warns: so do we.
 */
export interface VersionCheck {
  /** Begins the look, the first time. Nobody waits for it. */
  begin(): void;
  /** The words to warn with, and the version to install; undefined where nothing wrong is known, or nothing was begun. */
  warning(): Promise<string | undefined>;
}

/** `look` asks the proxy and tsh; where it fails, whatever is asked there next says why. */
export function openVersionCheck(look: () => Promise<VersionVerdict>): VersionCheck {
  let looked: Promise<unknown> | undefined;
  let known: string | undefined;
  let isWaitedFor = false;
  return {
    begin() {
      looked ??= look().then(
        (verdict) => (known = words(verdict)),
        () => undefined,
      );
    },
    async warning() {
      if (looked === undefined || isWaitedFor) return known;
      isWaitedFor = true;
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([looked, new Promise((resolve) => (timer = setTimeout(resolve, PATIENCE_MS)))]);
      clearTimeout(timer);
      return known;
    },
  };
}

function words({ verdict, message, install }: VersionVerdict): string | undefined {
  if (verdict !== "client_too_new" && verdict !== "client_too_old") return undefined;
  return install === undefined ? message : `${message} Install tsh v${install}.`;
}
