import { dirname } from "node:path";
import type { HttpPolicy } from "./http-schema.ts";
import { HTTP_LIMITS, type HttpLimits, type HttpSettings } from "./http.ts";
import { absolutePath } from "./paths.ts";
import type { YamlFile } from "./yaml-file.ts";

/**
 * Section `http`: the port, and what files alone say: of each part the strongest file that names it.
 *
 * @param files the system's policy and the operator's file, as far as they are there
 */
export function httpFrom(
  scalars: { readonly port?: number } | undefined,
  files: readonly { file: YamlFile; content: { http?: HttpPolicy | undefined } }[],
  home: string,
): HttpSettings {
  const speaking = <K extends keyof HttpPolicy>(part: K) => files.find(({ content }) => content.http?.[part] !== undefined);
  const said = <K extends keyof HttpPolicy>(part: K) => speaking(part)?.content.http?.[part];
  const tls = said("tls");
  const place = (path: string): string => absolutePath(path, dirname(speaking("tls")!.file.path), home);
  return {
    // Missing where what was given is refused, which is told with the other problems.
    port: scalars?.port ?? 0,
    host: said("host") ?? "localhost",
    authentication: said("authentication") ?? "token",
    ...(tls === undefined
      ? {}
      : {
          tls: {
            cert_path: place(tls.cert_path),
            key_path: place(tls.key_path),
            ...(tls.client_ca_path === undefined ? {} : { client_ca_path: place(tls.client_ca_path) }),
          },
        }),
    allowed_hosts: said("allowed_hosts") ?? [],
    allowed_origins: said("allowed_origins") ?? [],
    limits: limitsOf(said("limits") ?? {}),
  };
}

function limitsOf(said: Partial<Record<keyof HttpLimits, number | undefined>>): HttpLimits {
  const names = Object.keys(HTTP_LIMITS) as (keyof HttpLimits)[];
  return Object.fromEntries(names.map((name) => [name, said[name] ?? HTTP_LIMITS[name]])) as unknown as HttpLimits;
}
