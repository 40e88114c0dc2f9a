/** Signature in the language's notation → what it does, and how to say it in one sentence. */
export type FunctionTable = Readonly<Record<string, readonly [handler: (...args: never[]) => unknown, description: string]>>;
