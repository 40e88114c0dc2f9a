/** Turns the numbers that a tool gives into ones that only ever grow, as the protocol demands; a message without number grows by a little. */
export function progressNumbers(): (done: number | undefined) => number {
  let last = 0;
  return (done) => {
    last = done !== undefined && done > last ? done : last + 0.001;
    return last;
  };
}
