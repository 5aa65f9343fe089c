import { AppError } from '@signalbox/errors';
import type { Outbound } from '@signalbox/outbound';
import type { ServerTool } from './server-tool.ts';
import { withoutSecrets } from './tool-headers.ts';

const outputBytesMax = 65_536;

/** What a tenant registered. */
export interface HttpTool {
  name: string;
  description: string;
  parameters: Record<string, unknown>;
  url: string;
  method: 'GET' | 'POST';
  timeout_ms: number;
  /** Of the secret headers, which go to this tool's address and nowhere else. */
  header_names: string[];
  sealed_headers: string | null;
}

export interface HttpToolDeps {
  outbound: Outbound;
  /** The secret headers of a tool. Throws where they cannot be opened. */
  secretsOf: (tool: HttpTool) => Readonly<Record<string, string>>;
}

/**
 * A registered tool as one that can be executed. Its address is a user's: it is reached through the guard against internal
 * addresses, follows no redirect (so that its secret headers stay with it), and carries nothing of ours but the arguments and
 * the call's id. What it repeats of its secrets is left out of what it says.
 */
export function httpTool(tool: HttpTool, { outbound, secretsOf }: HttpToolDeps): ServerTool {
  return {
    name: tool.name,
    description: tool.description,
    parameters: tool.parameters,
    timeoutMs: tool.timeout_ms,
    async execute(args, { callId, signal }) {
      const isPost = tool.method === 'POST';
      const secrets = secretsOf(tool);
      const response = await outbound.request(isPost ? tool.url : withQuery(tool.url, args), {
        method: tool.method,
        headers: {
          ...secrets,
          accept: 'application/json, text/plain',
          // A call that is repeated after a crash bears the same id.
          'idempotency-key': callId.replace(/[^\w.:-]/g, '').slice(0, 200),
          ...(isPost ? { 'content-type': 'application/json' } : {}),
        },
        ...(isPost ? { body: JSON.stringify(args) } : {}),
        signal,
        deadlineMs: tool.timeout_ms,
        bytesMax: outputBytesMax,
        redirectsMax: 0,
      });
      const text = (await response.bytes()).toString();
      if (response.status < 200 || response.status > 299) {
        throw new AppError('provider_failed', `The tool answered with status ${String(response.status)}.`);
      }
      return withoutSecrets(text, secrets);
    },
  };
}

function withQuery(address: string, args: Readonly<Record<string, unknown>>): string {
  const url = new URL(address);
  for (const [name, value] of Object.entries(args)) {
    url.searchParams.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return url.href;
}
