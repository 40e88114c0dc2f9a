/**
 * What the bundler puts in place of `@modelcontextprotocol/server/_shims` and of the client's (alias both to this file). The SDK's own shim
 * loads AJV (300 kB) to check the content of forms; we check that ourselves, and hand the SDK a validator of our own.
 */
export { default as process } from "node:process";

/** What the client asks: browsers only. */
export const CORS_IS_POSSIBLE = false;

/** The class that the SDK would make where no validator is given. Ours always is: making this one is a mistake. */
export class DefaultJsonSchemaValidator {
  getValidator(): never {
    throw new Error("no JSON Schema validator is bundled: give the SDK one of your own");
  }
}
