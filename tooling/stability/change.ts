/** One difference between two surfaces. */
export interface Change {
  readonly path: string;
  /** Whether somebody who relied on what was is let down. All else is an addition. */
  readonly breaks: boolean;
  readonly what: string;
}
