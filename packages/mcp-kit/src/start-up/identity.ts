/** What a server is called. */
export interface ServerIdentity {
  /** The name that clients see. */
  readonly name: string;
  /** Name of the published bin. */
  readonly bin: string;
  /** Name of the published package. */
  readonly package: string;
  readonly version: string;
  /** One line of what it is. */
  readonly about: string;
}
