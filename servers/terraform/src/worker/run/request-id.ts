const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/**
 * `apr_<ulid>`, drawn in the workflow so that a retried step makes the same request (ULID: 10 characters of time in ms,
 * 16 of chance, https://github.com/ulid/spec). `Date.now` and `Math.random` are the sandbox's, which replay gives again.
 */
export function drawRequestId(now: number = Date.now(), random: () => number = Math.random): string {
  let time = "";
  for (let rest = now, i = 0; i < 10; i += 1, rest = Math.floor(rest / 32)) time = CROCKFORD.charAt(rest % 32) + time;
  const chance = Array.from({ length: 16 }, () => CROCKFORD.charAt(Math.floor(random() * 32))).join("");
  return `apr_${time}${chance}`;
}
