import { CancellationScope, sleep } from "@temporalio/workflow";
import type { GateAnswer } from "../activity-contract.ts";
import type { OpenApproval } from "../run-memo.ts";

type Request = NonNullable<GateAnswer["request"]>;

/** Names in the memo; the rest stands in the request itself. */
const NAMED = 50;

/** The approval request that a run waits for, or none; its timer runs in the workflow. */
export class OpenRequest {
  #request: (Request & { readonly workspaces: readonly string[]; readonly timer: CancellationScope }) | undefined;

  get id(): string | undefined {
    return this.#request?.id;
  }

  /** Waits for that one from here on; `expired` is called where nobody decides in time. */
  open(request: Request, workspaces: readonly string[], expired: () => void): void {
    const timer = new CancellationScope({ cancellable: true });
    this.#request = { ...request, workspaces, timer };
    const expire = async (): Promise<void> => {
      await sleep(Math.max(1, Date.parse(request.expires_at) - Date.now()));
      if (this.#request?.id !== request.id) return;
      this.#request = undefined;
      expired();
    };
    // Not kept open: a run never waits for this timer alone.
    void timer.run(expire).catch(() => undefined);
  }

  /** The run waits for none any more. */
  close(): void {
    this.#request?.timer.cancel();
    this.#request = undefined;
  }

  /** The run ends and leaves it to be decided: nothing of it waits. */
  leave(request: Request, workspaces: readonly string[]): void {
    this.#request = { ...request, workspaces, timer: new CancellationScope() };
  }

  /** As the memo tells it. */
  get told(): OpenApproval | undefined {
    if (this.#request === undefined) return undefined;
    const { id, expires_at, channels, workspaces } = this.#request;
    return { id, expires_at, channels, workspaces: workspaces.slice(0, NAMED) };
  }
}
