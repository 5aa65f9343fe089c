import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from '@jest/globals';
import { json, startWireServer } from './wire-server.ts';

// The other examples run against the mesh itself, in the end-to-end tests; this one's service is still to be built.
it('the example of research runs (MX-30, CR-16)', async () => {
  await using server = await startWireServer((request, response) => {
    if (request.target.endsWith('/report.md')) return response.writeHead(200).end('# Oil lamps');
    if (!request.target.endsWith('/events')) return json(202, { id: 'job_1', status: 'completed' })(request, response);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    return response.end(
      'id: 1\nevent: stage\ndata: {"stage":"plan"}\n\nid: 2\nevent: status\ndata: {"status":"completed"}\n\n',
    );
  });
  const file = join(import.meta.dirname, '../examples/research.ts');
  const child = spawn(process.execPath, ['--conditions=@signalbox/source', file], {
    env: { SIGNALBOX_URL: server.url, SIGNALBOX_API_KEY: 'k' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [printed, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect([code, printed]).toEqual([
    0,
    'stage {"stage":"plan"}\nstatus {"status":"completed"}\njob_1 is completed\n# Oil lamps\n',
  ]);
});
