import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallerIdentity } from '@signalbox/identity';
import { startTestService, type TestService } from './harness.ts';
import { begin, jobIn, researcher, uploadNotes } from './research-world.ts';

const topic = 'What do honey bees need to survive the winter?';

let service: TestService;
let caller: CallerIdentity;

beforeAll(async () => {
  service = await startTestService();
  caller = researcher();
  await uploadNotes(service, caller);
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

describe('research over documents', () => {
  it('comes to a report of quotations, each at its place (CR-3, CR-12, B-50)', async () => {
    const id = await begin(service, caller, { topic, sources: ['documents'] });
    const job = await jobIn(service, caller, id, 'completed', 'failed');
    expect(job).toMatchObject({ status: 'completed', error: null, progress: { percent: 100 } });
    expect(job['mode']).toMatchObject({ search: ['documents'], synthesis: 'extractive' });
    expect(job['spent']).toMatchObject({ llm_tokens: 0, usd: 0 });
    const report = await service.get(`/api/v1/research/${id}/report.json`, caller);
    expect(report.status).toBe(200);
    const { sections, sources } = report.body as {
      sections: { sentences: { verdict: string; text: string; citations: { n: number; quote: string }[] }[] }[];
      sources: { n: number; title: string }[];
    };
    const sentences = sections.flatMap((section) => section.sentences);
    expect(sentences.length).toBeGreaterThan(2);
    for (const { verdict, text, citations } of sentences) {
      expect(verdict).toBe('quoted');
      expect(citations.map(({ quote }) => quote)).toContain(text);
      for (const { n } of citations) expect(sources.map((source) => source.n)).toContain(n);
    }
    expect(sentences.some(({ text }) => text.includes('20 kilograms'))).toBe(true);
  });

  it('says that no sources were found where there are none, and writes nothing', async () => {
    const stranger = researcher();
    const id = await begin(service, stranger, { topic, sources: ['documents'] });
    const job = await jobIn(service, stranger, id, 'completed', 'failed');
    expect(job['status']).toBe('completed');
    const report = await service.get(`/api/v1/research/${id}/report.json`, stranger);
    expect(report.body).toMatchObject({
      sections: [],
      sources: [],
      notice: expect.stringContaining('No sources found'),
    });
  });
});

describe('a plan that somebody looks at (issue: pause on the plan)', () => {
  it('waits with its questions, and goes on when it is approved', async () => {
    const id = await begin(service, caller, { topic, sources: ['documents'], pause_on_plan: true });
    const waiting = await jobIn(service, caller, id, 'waiting_for_approval');
    expect(waiting['questions']).toEqual(expect.arrayContaining([topic]));
    expect(waiting['finished_at']).toBeNull();
    const approved = await service.post(`/api/v1/research/${id}/approve`, undefined, { caller });
    expect(approved.status).toBe(202);
    expect((await jobIn(service, caller, id, 'completed', 'failed'))['status']).toBe('completed');
    expect((await service.post(`/api/v1/research/${id}/approve`, undefined, { caller })).status).toBe(409);
  });
});

describe('the events of a job (B-42)', () => {
  interface Told {
    id: number;
    type: string;
    data: Record<string, unknown>;
  }

  async function follow(id: string, headers: Record<string, string> = {}): Promise<Told[]> {
    const answer = await service.fetch(
      `/api/v1/research/${id}/events`,
      { headers: { accept: 'text/event-stream', ...headers } },
      caller,
    );
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const blocks = (await answer.text()).split('\n\n').filter((block) => block.includes('event: '));
    return blocks.map((block) => {
      const [, event] = /^id: (\d+)$/m.exec(block) ?? [];
      const [, type = ''] = /^event: (\w+)$/m.exec(block) ?? [];
      const [, data = '{}'] = /^data: (.*)$/m.exec(block) ?? [];
      return { id: Number(event), type, data: JSON.parse(data) as Told['data'] };
    });
  }

  it('are told in order to the last one, from any place on, and alike to whoever polls', async () => {
    const id = await begin(service, caller, { topic, sources: ['documents'] });
    const told = await follow(id);
    expect(told.map((event) => event.id)).toEqual(told.map((_, index) => index + 1));
    expect(told[0]).toMatchObject({ type: 'status', data: { status: 'queued' } });
    expect(told.at(-1)).toMatchObject({ type: 'status', data: { status: 'completed' } });
    const stages = told.flatMap(({ type, data }) => (type === 'stage' ? [data['stage']] : []));
    expect(stages).toEqual([
      ...['plan', 'search', 'fetch', 'rank', 'outline', 'write', 'verify', 'analyse', 'render', 'publish'],
    ]);
    expect(told.filter(({ type }) => type === 'source').length).toBe(3);

    const resumed = await follow(id, { 'last-event-id': '4' });
    expect(resumed).toEqual(told.slice(4));
    const polled = await service.get(`/api/v1/research/${id}/events?after=4`, caller);
    expect(polled.body['is_over']).toBe(true);
    expect((polled.body['data'] as Told[]).map(({ id: seq, type }) => [seq, type])).toEqual(
      told.slice(4).map(({ id: seq, type }) => [seq, type]),
    );
    const [gap] = await follow(id, { 'last-event-id': '9999' });
    expect(gap).toMatchObject({ type: 'gap', data: { last_event_id: told.length } });
  });
});

describe('ending a job', () => {
  it('deletes one that has ended with its report, and refuses while it has not (CR-3)', async () => {
    const id = await begin(service, caller, { topic, sources: ['documents'], pause_on_plan: true });
    await jobIn(service, caller, id, 'waiting_for_approval');
    expect((await service.fetch(`/api/v1/research/${id}`, { method: 'DELETE' }, caller)).status).toBe(409);
    const cancelled = await service.post(`/api/v1/research/${id}/cancel`, undefined, { caller });
    expect(cancelled.body['status']).toBe('cancelled');
    expect((await service.post(`/api/v1/research/${id}/approve`, undefined, { caller })).status).toBe(409);
    expect((await service.fetch(`/api/v1/research/${id}`, { method: 'DELETE' }, caller)).status).toBe(204);
    expect((await service.get(`/api/v1/research/${id}`, caller)).status).toBe(404);
  });

  it('takes a cancelled one up again when it is asked to', async () => {
    const id = await begin(service, caller, { topic, sources: ['documents'], pause_on_plan: true });
    await jobIn(service, caller, id, 'waiting_for_approval');
    await service.post(`/api/v1/research/${id}/cancel`, undefined, { caller });
    const retried = await service.post(`/api/v1/research/${id}/retry`, undefined, { caller });
    expect(retried.status).toBe(202);
    expect(await jobIn(service, caller, id, 'waiting_for_approval')).toMatchObject({ run: 2, error: null });
  });
});
