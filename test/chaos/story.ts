import type { TestWorkspace } from "../support/home.ts";
import { seeded } from "./random.ts";

export const VICTIMS = ["server", "worker", "temporal", "supervisor", "terraform"] as const;
export type Victim = (typeof VICTIMS)[number];

/** What is run, and who is killed when: all of a round that is decided before it begins. */
export interface Story {
  readonly seed: number;
  readonly workspaces: readonly TestWorkspace[];
  /** Approved by the policy, or by a person's form. */
  readonly approval: "auto" | "form";
  /** In order; `after` is in milliseconds since the kill before it, or since the start of the run. */
  readonly kills: readonly { readonly victims: readonly Victim[]; readonly after: number }[];
}

/** The story of a seed: two to five workspaces in a random graph, one to four moments at which one or more die. */
export function storyOf(seed: number): Story {
  const random = seeded(seed);
  const count = random.int(2, 5);
  const names = Array.from({ length: count }, (_, i) => `w${i}`);
  const workspaces = names.map((name, i) => ({
    name,
    needs: names.slice(0, i).filter(() => random.chance(0.4)),
    seconds: random.pick([0, 0, 1, 2, 3]),
  }));
  const kills = Array.from({ length: random.int(1, 4) }, () => ({
    victims: random.chance(0.2) ? VICTIMS.filter((victim) => victim !== "terraform" && random.chance(0.7)) : [random.pick(VICTIMS)],
    after: random.int(0, 3_000),
  })).filter(({ victims }) => victims.length > 0);
  return { seed, workspaces, approval: random.chance(0.5) ? "form" : "auto", kills };
}
