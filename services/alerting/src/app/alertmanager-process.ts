import type { createService, RouteContext } from '@signalbox/http';
import type { Metrics } from '@signalbox/telemetry';

type Application = ReturnType<typeof createService>;
type Response = RouteContext['response'];

export interface ProcessRoutesOptions {
  prefix: string;
  reload: () => Promise<{ kind: 'reloaded' } | { kind: 'refused'; reason: string }>;
  metrics: Metrics;
}

const page = `<!doctype html>
<html lang="en">
<title>Signalbox alerting</title>
<h1>Signalbox alerting</h1>
<p>This answers in Alertmanager's stead. Its API is at <a href="api/v2/status">api/v2</a>; it has no pages of its own.</p>
</html>
`;

/** What is asked of the process and not of its alerts: whether it lives, and that it reads its configuration again. */
export function mountProcessRoutes(app: Application, { prefix, reload, metrics }: ProcessRoutesOptions): void {
  for (const path of ['/-/ready', '/-/healthy'])
    app.get(prefix + path, (_request, response) => {
      send(response, 200, 'OK');
    });
  const reloading = async (response: Response): Promise<void> => {
    const outcome = await reload();
    if (outcome.kind === 'reloaded') send(response, 200, '');
    else send(response, 500, `failed to reload config: ${outcome.reason}\n`);
  };
  app.post(`${prefix}/-/reload`, (_request, response) => reloading(response));
  app.put(`${prefix}/-/reload`, (_request, response) => reloading(response));
  app.get(`${prefix}/metrics`, async (_request, response) => {
    send(response, 200, await metrics.text(), metrics.contentType);
  });
  app.get([prefix === '' ? '/' : prefix, ...(prefix === '' ? [] : [`${prefix}/`])], (_request, response) => {
    send(response, 200, page, 'text/html; charset=utf-8');
  });
}

function send(response: Response, status: number, text: string, contentType = 'text/plain; charset=utf-8'): void {
  response.statusCode = status;
  response.setHeader('Content-Type', contentType);
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(text);
}
