import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@signalbox/test-kit';
import { startTestService } from './harness.ts';

describe('a posted alert that nobody reports any more (MX-15, B-45)', () => {
  it('ends by itself, and does not come back to the group that has let go of it', async () => {
    await using service = await startTestService();
    const members = () => service.query<{ ends_at: Date }>('select ends_at from @alert_group_members');
    // Nobody is in its group's way: the group looks at it once, when it has ended.
    await service.post('/alertmanager/api/v2/alerts', [
      {
        labels: { alertname: 'short' },
        startsAt: new Date(Date.now() - 3_600_000),
        endsAt: new Date(Date.now() + 1_500),
      },
    ]);
    expect(await members()).toHaveLength(1);
    await service.query('delete from @alert_group_members');
    const stateOf = async () => (await service.query<{ state: string }>('select state from @alerts'))[0]?.state;
    await waitFor(async () => (await stateOf()) === 'resolved');
    expect(await members()).toEqual([]);
  });
});
