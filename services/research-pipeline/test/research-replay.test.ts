import { describe, expect, it } from '@jest/globals';
import { startTestService } from './harness.ts';
import { begin, jobIn, researcher, uploadNotes } from './research-world.ts';

describe('research that another worker takes up late (CR-1)', () => {
  it('finds again what was found, although by now nearly all of the budget is spent', async () => {
    await using service = await startTestService();
    const caller = researcher();
    await uploadNotes(service, caller);
    const id = await begin(service, caller, {
      topic: 'What do honey bees need to survive the winter?',
      sources: ['documents'],
    });
    await jobIn(service, caller, id, 'completed');
    const reportOf = async () => (await service.get(`/api/v1/research/${id}/report.json`, caller)).body;
    const { sources, sections, searches } = await reportOf();
    expect(sections).not.toEqual([]);

    // As if a worker had died behind its last sentence, and writing had cost nine tenths of the tokens.
    await service.query(
      `update @research_jobs set status = 'running', finished_at = null, lease_until = now() - interval '1 s',
         touched_at = now() - interval '1 minute',
         spent = jsonb_set(spent, '{llm_tokens}', to_jsonb((budget->>'llm_tokens')::numeric * 0.9))
       where id = $1`,
      [id],
    );
    const job = await jobIn(service, caller, id, 'completed', 'completed_partial', 'failed');
    expect([job['status'], job['workers']]).toEqual(['completed', 2]);
    const again = await reportOf();
    expect([again['sources'], again['sections'], again['searches']]).toEqual([sources, sections, searches]);
  });
});
