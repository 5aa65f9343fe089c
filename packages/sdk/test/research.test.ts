import { describe, expect, it } from '@jest/globals';
import { TimeoutError, type TypedEvent } from '@signalbox/sdk';
import { waitFor } from '@signalbox/test-kit';
import { cut, json, problem, startWireServer, type Handler, type WireServer } from './wire-server.ts';

const quick = { retry: { firstWaitMs: 5 } };

/** A research service as its specification has it: jobs, and events that are replayed after `Last-Event-ID`. */
interface SimulatedResearch {
  status: string;
  events: { type: string; data: object }[];
  /** What becomes of each connection to the events, in order: it is cut after so many of them; null: it is not. */
  cuts: (number | null)[];
  /** In place of the stream. */
  refuse: Handler | null;
}

function serve(server: WireServer, research: SimulatedResearch): void {
  server.answer((request, response) => {
    const job = { id: 'job_1', topic: 'signals', status: research.status };
    if (!request.target.endsWith('/events')) return json(request.method === 'POST' ? 202 : 200, job)(request, response);
    if (research.refuse !== null) return research.refuse(request, response);
    const after = Number(request.headers['last-event-id'] ?? 0);
    const cutAfter = research.cuts.shift() ?? null;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('retry: 5\n\n: hello\n\n');
    const events = research.events.slice(after, cutAfter === null ? undefined : after + cutAfter);
    for (const [index, { type, data }] of events.entries())
      response.write(`id: ${String(after + index + 1)}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
    if (cutAfter === null) response.end();
    else setImmediate(() => setImmediate(() => response.destroy()));
    return undefined;
  });
}

const story = [
  { type: 'stage', data: { stage: 'plan' } },
  { type: 'stage', data: { stage: 'search' } },
  { type: 'stage', data: { stage: 'write' } },
  { type: 'status', data: { status: 'completed' } },
];

async function collect(events: AsyncIterable<TypedEvent>): Promise<TypedEvent[]> {
  const all: TypedEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const asks = (server: WireServer) => server.requests.map(({ method, target }) => `${method} ${target}`);

describe('research (CR-16)', () => {
  it('creates, follows, and gives the finished job: one effect under one key', async () => {
    await using server = await startWireServer();
    const research: SimulatedResearch = { status: 'completed', events: story, cuts: [], refuse: null };
    serve(server, research);
    const seen: string[] = [];
    const job = await server
      .client()
      .research.createAndWait({ topic: 'signals' }, { onEvent: ({ type }) => seen.push(type) });
    expect(job).toMatchObject({ id: 'job_1', status: 'completed' });
    expect(seen).toEqual(['stage', 'stage', 'stage', 'status']);
    expect(asks(server)).toEqual([
      'POST /api/v1/research',
      'GET /api/v1/research/job_1/events',
      'GET /api/v1/research/job_1',
    ]);
    expect(server.requests[0]?.headers['idempotency-key']).toBeTruthy();
  });

  it('goes on after a broken connection from the last event it saw, each event once', async () => {
    await using server = await startWireServer();
    serve(server, { status: 'running', events: story, cuts: [1, 0, 2, null], refuse: null });
    const events = await collect(server.client(quick).research.events('job_1'));
    expect(events.map(({ id }) => id)).toEqual(['1', '2', '3', '4']);
    expect(server.requests.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '1', '1', '3']);
  });

  it('begins where it is told, and gives up when connection after connection brings nothing', async () => {
    await using server = await startWireServer();
    serve(server, { status: 'running', events: story, cuts: [], refuse: null });
    expect(await collect(server.client().research.events('job_1', { lastEventId: '3' }))).toHaveLength(1);
    serve(server, { status: 'running', events: [], cuts: [0, 0, 0, 0, 0, 0, 0, 0], refuse: null });
    await expect(collect(server.client(quick).research.events('job_1'))).rejects.toMatchObject({ kind: 'connection' });
    expect(asks(server)).toHaveLength(6);
  });

  it('polls where there are no events, every pollMs, until the end', async () => {
    await using server = await startWireServer();
    const research: SimulatedResearch = { status: 'running', events: [], cuts: [], refuse: problem(404, 'NOT_FOUND') };
    serve(server, research);
    const outcome = server.client().research.createAndWait({ topic: 'signals' }, { pollMs: 20 });
    await waitFor(() => asks(server).filter((ask) => ask.endsWith('/job_1')).length >= 3);
    research.status = 'failed';
    expect(await outcome).toMatchObject({ status: 'failed' });
    expect(asks(server).filter((ask) => ask.endsWith('/events'))).toHaveLength(1);
  });

  it('goes on polling through an outage, and not after a refusal', async () => {
    await using server = await startWireServer();
    let looks = 0;
    const look =
      (refusal: Handler): Handler =>
      (request, response) => {
        if (request.target.endsWith('/events')) return problem(404, 'NOT_FOUND')(request, response);
        looks += 1;
        if (looks < 4) return refusal(request, response);
        return json(200, { id: 'job_1', status: 'completed' })(request, response);
      };
    server.answer(look(cut));
    const { research } = server.client({ retry: { retries: 0 } });
    expect(await research.wait('job_1', { pollMs: 5 })).toMatchObject({ status: 'completed' });
    looks = 0;
    server.answer(look(problem(403, 'FORBIDDEN')));
    await expect(research.wait('job_1', { pollMs: 5 })).rejects.toMatchObject({ status: 403 });
  });

  it('ends by its timeout and by its signal; the job goes on', async () => {
    await using server = await startWireServer();
    serve(server, { status: 'running', events: [], cuts: [], refuse: problem(404, 'NOT_FOUND') });
    const { research } = server.client();
    const late = research.createAndWait({ topic: 'signals' }, { pollMs: 5, timeoutMs: 60 });
    await expect(late).rejects.toBeInstanceOf(TimeoutError);
    const controller = new AbortController();
    const reason = new Error('enough');
    const outcome = research.createAndWait({ topic: 'signals' }, { pollMs: 5, signal: controller.signal });
    const asked = server.requests.length;
    await waitFor(() => server.requests.length > asked + 3);
    controller.abort(reason);
    await expect(outcome).rejects.toBe(reason);
    expect(asks(server)).not.toContain('DELETE /api/v1/research/job_1');
  });

  it('retrieves, asks, cancels and deletes at the places that the API has for it', async () => {
    await using server = await startWireServer(json(200, { id: 'job_1', status: 'cancelled', answer: null }));
    const { research } = server.client();
    await research.get('job_1');
    await research.report('job_1', 'md');
    await research.ask('job_1', 'Why?');
    await research.cancel('job_1');
    await research.retry('job_1');
    await research.approve('job_1');
    await research.delete('job_1');
    expect(asks(server).map((ask) => ask.replace('/api/v1/research/job_1', '…'))).toEqual([
      'GET …',
      'GET …/report.md',
      'POST …/ask',
      'POST …/cancel',
      'POST …/retry',
      'POST …/approve',
      'DELETE …',
    ]);
  });
});

describe('tasks of a system (OD-5)', () => {
  it('submits, follows and gives the finished task', async () => {
    await using server = await startWireServer((request, response) => {
      const task = { id: 'task_1', status: 'completed' };
      if (!request.target.endsWith('/events')) return json(202, task)(request, response);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      return response.end('id: 1\nevent: status\ndata: {"status":"completed"}\n\n');
    });
    const task = await server.client().systems.tasks.createAndWait('triage', { input: 'Sort this.' });
    expect(task).toMatchObject({ id: 'task_1', status: 'completed' });
    expect(asks(server)).toEqual([
      'POST /api/v1/systems/triage/tasks',
      'GET /api/v1/systems/triage/tasks/task_1/events',
      'GET /api/v1/systems/triage/tasks/task_1',
    ]);
  });
});
