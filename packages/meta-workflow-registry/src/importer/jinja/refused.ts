/** A template that says something that has no counterpart here, or is none; the message is one sentence for its author. */
export class Refused extends Error {}
