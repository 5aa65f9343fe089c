import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { simulateProvider, waitFor, type ProviderRequest, type SimulatedProvider } from '@signalbox/test-kit';
import { Redis } from 'ioredis';
import pg from 'pg';
import { openMesh, wideLimits, type Answer, type OpenedMesh } from '../harness.ts';

const topic = 'What do honey bees need to survive the winter?';
const notes = {
  'honey.md':
    '# Honey\n\nHoney bees store honey in wax cells as food for the winter. A strong colony needs about 20 kilograms of ' +
    'honey to survive a cold winter. Beekeepers weigh their hives in autumn to learn whether the bees have enough.\n',
  'pollen.md':
    '# Pollen\n\nPollen is the only source of protein that honey bees have. Nurse bees eat pollen and feed larvae with royal ' +
    'jelly. A colony collects 30 kilograms of pollen in a year.\n',
};

/** A model that plans, writes, judges and reads as it is asked to, always in the same words. */
function answerTo({ json }: ProviderRequest): string {
  const { messages = [], response_format: format } = json as {
    messages?: { content: string }[];
    response_format?: { json_schema?: { name?: string } };
  };
  const asked = messages.map(({ content }) => content).join('\n');
  switch (format?.json_schema?.name) {
    case 'research_plan':
      return JSON.stringify({ questions: ['How much honey does a colony need?'] });
    case 'judgements': {
      const numbers = [...asked.matchAll(/<pair number="(\d+)">/g)].map(([, number]) => Number(number));
      return JSON.stringify({
        judgements: numbers.map((number) => ({ number, verdict: 'supported', reason: 'The passage says so.' })),
      });
    }
    case 'reading':
      return JSON.stringify({ entities: [], relations: [], sentiment: null, related_questions: [] });
    default:
      return 'Honey bees need honey as food for the winter [1].';
  }
}

interface Report {
  sections: { sentences: { verdict: string; text: string; citations: { quote: string }[] }[] }[];
}

describe('research through the gateway, by two pipelines', () => {
  const owned = new AsyncDisposableStack();
  let opened: OpenedMesh;
  let provider: SimulatedProvider;
  let database: pg.Client;
  let documents: string[];

  beforeAll(async () => {
    provider = owned.use(await simulateProvider({ say: answerTo }));
    opened = owned.use(
      await openMesh({
        replicas: { 'research-pipeline': 2 },
        limits: wideLimits,
        providers: [{ name: 'sim', baseUrl: provider.url, models: ['writer'] }],
      }),
    );
    database = new pg.Client({ connectionString: opened.mesh.postgresUrl });
    await database.connect();
    owned.defer(() => database.end());
    documents = await upload(notes);
  });
  afterAll(() => owned.disposeAsync());

  async function upload(files: Record<string, string>): Promise<string[]> {
    const ids: string[] = [];
    for (const [name, text] of Object.entries(files)) {
      const form = new FormData();
      form.set('file', new Blob([text], { type: 'text/markdown' }), name);
      const answer = await fetch(`${opened.mesh.gatewayUrls[0] ?? ''}/api/v1/documents`, {
        method: 'POST',
        headers: { authorization: `Bearer ${opened.adminKey}` },
        body: form,
      });
      expect(answer.status).toBe(202);
      ids.push(((await answer.json()) as { id: string }).id);
    }
    return ids;
  }

  async function begin(request: Record<string, unknown>, headers: Record<string, string> = {}): Promise<string> {
    const body = { topic, sources: ['documents'], document_ids: documents, ...request };
    const answer = await opened.ask('/api/v1/research', { body, headers });
    expect([answer.status, answer.text]).toEqual([202, expect.any(String)]);
    expect(answer.headers.get('location')).toBe(`/api/v1/research/${String(answer.body['id'])}`);
    return String(answer.body['id']);
  }

  async function statusOf(id: string): Promise<string> {
    return String((await opened.ask(`/api/v1/research/${id}`)).body['status']);
  }

  async function ended(id: string, timeoutMs = 60_000): Promise<Answer['body']> {
    await waitFor(async () => !['queued', 'running', 'cancelling'].includes(await statusOf(id)), {
      timeoutMs,
      intervalMs: 100,
      what: `the end of ${id}`,
    });
    return (await opened.ask(`/api/v1/research/${id}`)).body;
  }

  async function reportOf(id: string): Promise<Report> {
    return (await opened.ask(`/api/v1/research/${id}/report.json`)).body as unknown as Report;
  }

  it('comes without a model to quotations, each where it says it is; with one to sentences with citation and verdict', async () => {
    const [quoted, written] = [await begin({}), await begin({ model: 'sim/writer' })];
    expect(await ended(quoted)).toMatchObject({ status: 'completed', mode: { synthesis: 'extractive' } });
    const sentences = (await reportOf(quoted)).sections.flatMap((section) => section.sentences);
    expect(sentences.length).toBeGreaterThan(1);
    for (const { verdict, text, citations } of sentences) {
      expect([text, verdict]).toEqual([text, 'quoted']);
      expect(citations.map(({ quote }) => quote)).toContain(text);
      expect(Object.values(notes).some((note) => note.includes(text))).toBe(true);
    }
    expect(await ended(written)).toMatchObject({ status: 'completed', mode: { synthesis: 'sim/writer' } });
    const ofModel = (await reportOf(written)).sections.flatMap((section) => section.sentences);
    expect(ofModel.length).toBeGreaterThan(0);
    for (const { verdict, citations } of ofModel) {
      expect(['quoted', 'supported', 'unsupported', 'cannot judge']).toContain(verdict);
      expect(citations.length).toBeGreaterThan(0);
    }
    const { spent } = (await opened.ask(`/api/v1/research/${written}`)).body as { spent: { llm_tokens: number } };
    expect(spent.llm_tokens).toBeGreaterThan(0);
  });

  it('is one job for one Idempotency-Key, and answers on the old paths as on the new ones (CR-3)', async () => {
    const headers = { 'idempotency-key': 'the-same' };
    const id = await begin({}, headers);
    expect(await begin({}, headers)).toBe(id);
    const old = await opened.ask('/research', { body: { query: topic, sources: ['documents'] } });
    expect([old.status, old.headers.get('deprecation')]).toEqual([202, expect.any(String)]);
    const oldId = String(old.body['id']);
    await ended(oldId);
    expect((await opened.ask(`/status/${oldId}`)).body).toMatchObject({ id: oldId, status: 'completed' });
    const { data } = (await opened.ask('/jobs?limit=100')).body as { data: { id: string }[] };
    expect(data.map((job) => job.id)).toEqual(expect.arrayContaining([id, oldId]));
    expect((await opened.ask(`/jobs/${oldId}`, { method: 'DELETE' })).status).toBe(204);
    expect((await opened.ask(`/status/${oldId}`)).status).toBe(404);
    expect((await opened.ask(`/api/v1/research/${oldId}/report.html`)).status).toBe(404);
  });

  it('tells its events over the gateway to the last one, and goes on after the last that was seen (B-42)', async () => {
    const id = await begin({});
    const read = async (headers: Record<string, string>) => {
      const answer = await opened.ask(`/api/v1/research/${id}/events`, {
        headers: { accept: 'text/event-stream', ...headers },
      });
      expect(answer.headers.get('content-type')).toContain('text/event-stream');
      return [...answer.text.matchAll(/^id: (\d+)$/gm)].map(([, place]) => Number(place));
    };
    const all = await read({});
    expect(all).toEqual(all.map((_, index) => index + 1));
    expect(all.length).toBeGreaterThan(10);
    expect(await read({ 'last-event-id': '6' })).toEqual(all.slice(6));
    const { data, is_over } = (await opened.ask(`/api/v1/research/${id}/events`)).body as {
      data: { id: number; type: string; data: unknown }[];
      is_over: boolean;
    };
    expect(data.map((event) => event.id)).toEqual(all);
    expect([is_over, data.at(-1)]).toMatchObject([true, { type: 'status', data: { status: 'completed' } }]);
  });

  it('R3, CR-1: goes on in the other pipeline within 20 s when the one at work is killed, and pays for nothing twice', async () => {
    provider.behave({ say: answerTo, headDelayMs: 1_500 });
    const before = provider.requests.length;
    const id = await begin({ model: 'sim/writer', topic: `${topic} Of a killed worker.` });
    await waitFor(() => provider.requests.length >= before + 2, { timeoutMs: 30_000 });
    const { rows } = await database.query<{ lease_owner: string }>(
      'select lease_owner from research_pipeline.research_jobs where id = $1',
      [id],
    );
    const pid = Number(rows[0]?.lease_owner.split(':').at(-1));
    const [dying] = ['research-pipeline', 'research-pipeline-2']
      .map((name) => opened.service(name))
      .filter((one) => one.pid === pid);
    await dying?.kill('SIGKILL');
    provider.behave({ say: answerTo });
    const killedAt = performance.now();
    const job = await ended(id, 40_000);
    expect(job).toMatchObject({ status: 'completed', workers: 2 });
    expect(performance.now() - killedAt).toBeLessThan(20_000);
    // The one call that was under way was broken off with its worker; every other one was answered once.
    const answered = provider.requests.slice(before).filter(({ abortedAt }) => abortedAt === null);
    const questions = answered.map(({ text }) => text);
    expect(provider.requests.length - before - answered.length).toBeLessThanOrEqual(1);
    expect(questions.length).toBe(new Set(questions).size);
    await dying?.restart();
  }, 120_000);

  it('R6: loses nothing when Redis forgets everything', async () => {
    expect((await opened.ask('/api/v1/research-queue/pause', { method: 'POST' })).body).toMatchObject({ paused: true });
    const waiting = await begin({});
    provider.behave({ say: answerTo, headDelayMs: 1_000 });
    await waitFor(async () => {
      const { body } = await opened.ask('/api/v1/research-queue');
      return body['waiting_for_turn'] === 1;
    });
    await opened.ask('/api/v1/research-queue/resume', { method: 'POST' });
    const working = await begin({ model: 'sim/writer', topic: `${topic} Of a forgetful Redis.` });
    await waitFor(async () => (await statusOf(working)) === 'running');
    const late = await begin({});
    const redis = new Redis(opened.mesh.redisUrl);
    await redis.flushall();
    redis.disconnect();
    provider.behave({ say: answerTo });
    for (const id of [waiting, working, late]) expect(await ended(id)).toMatchObject({ status: 'completed' });
  }, 120_000);

  it('stops asking models within a second of a cancel, and says that it is cancelled when it is', async () => {
    provider.behave({ say: answerTo, headDelayMs: 60_000 });
    const before = provider.requests.length;
    const id = await begin({ model: 'sim/writer', topic: `${topic} Of a cancel.` });
    await waitFor(() => provider.requests.length > before, { timeoutMs: 30_000 });
    const cancelledAt = performance.now();
    const { body } = await opened.ask(`/api/v1/research/${id}/cancel`, { method: 'POST' });
    expect(['cancelling', 'cancelled']).toContain(body['status']);
    expect(await ended(id)).toMatchObject({ status: 'cancelled', error: null });
    provider.behave({ say: answerTo });
    const late = provider.requests.slice(before).filter(({ at }) => at > cancelledAt + 1_000);
    expect(late).toEqual([]);
    // What was being asked was broken off.
    await waitFor(() => provider.requests.slice(before).every(({ abortedAt }) => abortedAt !== null));
    const retried = await opened.ask(`/api/v1/research/${id}/retry`, { method: 'POST' });
    expect(retried.status).toBe(202);
    expect(await ended(id)).toMatchObject({ status: 'completed', run: 2 });
  }, 120_000);

  it('ends a report in part where the budget is used up, and says so', async () => {
    const id = await begin({ model: 'sim/writer', topic: `${topic} On a budget.`, budget: { max_llm_tokens: 1_700 } });
    const job = await ended(id);
    expect(job).toMatchObject({ status: 'completed_partial', partial_reason: expect.stringContaining('llm tokens') });
    const { spent } = job as { spent: { llm_tokens: number } };
    expect(spent.llm_tokens).toBeLessThanOrEqual(1_700);
    const report = (await opened.ask(`/api/v1/research/${id}/report.json`)).body;
    expect(report).toMatchObject({ status: 'partial', partial_reason: job['partial_reason'] });
  });

  it('has administrators see, pause and clean the queue, and the log tells of each (B-43)', async () => {
    const reader = await opened.createKey({ scopes: ['research:write'] });
    expect((await opened.ask('/api/v1/research-queue', { key: reader.key })).status).toBe(403);
    await opened.ask('/api/v1/research-queue/pause', { method: 'POST' });
    const id = await begin({});
    await waitFor(async () => (await opened.ask('/api/v1/research-queue')).body['waiting_for_turn'] === 1);
    expect((await opened.ask('/api/v1/research-queue')).body).toMatchObject({
      paused: true,
      jobs: { queued: 1 },
      oldest_queued_at: expect.any(String),
    });
    await opened.ask('/api/v1/research-queue/resume', { method: 'POST' });
    expect(await ended(id)).toMatchObject({ status: 'completed' });
    const cleaned = await opened.ask('/api/v1/research-queue/clean', {
      body: { status: 'completed', older_than_seconds: 0 },
    });
    expect(Number(cleaned.body['deleted'])).toBeGreaterThan(0);
    expect((await opened.ask(`/api/v1/research/${id}`)).status).toBe(404);
    const changes = async () => {
      const { data } = (await opened.ask('/api/v1/audit-events?action=research_queue.changed&limit=100')).body as {
        data: { details: { change: string } }[];
      };
      return data.map(({ details }) => details.change);
    };
    await waitFor(async () => {
      const told = await changes();
      return ['paused', 'resumed', 'cleaned'].every((change) => told.includes(change));
    });
  });
});
