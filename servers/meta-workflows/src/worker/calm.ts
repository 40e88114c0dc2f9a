import { condition } from "@temporalio/workflow";

/** Rounds without a touch after which all is believed to be quiet, where conditions do not tell that they came true. */
const CALM_ROUNDS = 3;

/**
 * Until the steps that go on without anybody have gone on. Conditions are looked at once nothing else goes on, so that one round in
 * which none of them told that it came true (`touches` stayed the same) says that nothing is left.
 */
export async function untilCalm(touches: () => number): Promise<void> {
  for (let seen = -1; seen !== touches();) {
    seen = touches();
    let isNext = false;
    // Not yet while the messages of this task are being handed out: what they began has its turn first.
    void Promise.resolve().then(() => (isNext = true));
    await condition(() => isNext);
  }
}

/** The same as it was done before; for runs that were begun then. */
export async function untilCalmByRounds(touches: () => number): Promise<void> {
  for (let calm = 0, seen = -1; calm < CALM_ROUNDS; calm = seen === touches() ? calm + 1 : 0) {
    seen = touches();
    let isFirst = true;
    await condition(() => (isFirst ? (isFirst = false) : true));
  }
}
