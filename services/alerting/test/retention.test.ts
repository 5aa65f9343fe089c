import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@signalbox/ids';
import { waitFor } from '@signalbox/test-kit';
import { startTestService, type TestService } from './harness.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

const post = (...alerts: object[]) =>
  service.fetch(
    '/alertmanager/api/v2/alerts',
    { method: 'POST', body: JSON.stringify(alerts), headers: { 'content-type': 'application/json' } },
    { ...service.caller, requestId: newId('req') },
  );
const names = async (): Promise<string[]> =>
  (await service.query<{ name: string }>('select name from @alerts order by name')).map(({ name }) => name);

describe('what is kept of alerts', () => {
  it('goes with its history so many days after they ended; what fires, is held or ended lately stays', async () => {
    const ended = ['old', 'held', 'snoozed', 'recent'];
    await post(...[...ended, 'firing'].map((alertname) => ({ labels: { alertname } })));
    const endsAt = new Date().toISOString();
    await post(...ended.map((alertname) => ({ labels: { alertname }, endsAt })));
    await service.stop();
    const age = (days: number, ...of: string[]) =>
      service.query(
        `update @alerts set updated_at = updated_at - make_interval(days => $1), starts_at = starts_at - make_interval(days => $1),
           ends_at = case when state = 'resolved' then ends_at - make_interval(days => $1) else ends_at end
         where name = any($2)`,
        [days, of],
      );
    await age(31, 'old', 'held', 'snoozed', 'firing');
    await age(29, 'recent');
    await service.query("update @alerts set held_until_clear = true where name = 'held'");
    await service.query("update @alerts set snoozed_until = now() + interval '1 day' where name = 'snoozed'");
    await service.query("update @alert_events set at = at - interval '31 days'");
    // Two episodes of one that fires: what happened in the first is as old as what ended then.
    await service.query("update @alerts set episode = 2 where name = 'firing'");
    await service.query(
      `insert into @alert_events (tenant_id, alert_id, episode, type, at, details)
       select tenant_id, id, 2, 'fired', now() - interval '31 days', '{}' from @alerts where name = 'firing'`,
    );

    await using _next = await startTestService({ database: service.database, config: { alertRetentionDays: 30 } });
    await waitFor(async () => !(await names()).includes('old'), { what: 'the purge' });
    expect(await names()).toEqual(['firing', 'held', 'recent', 'snoozed']);
    const orphans = `select 1 from @alert_events e left join @alerts a on a.tenant_id = e.tenant_id and a.id = e.alert_id
      where a.id is null`;
    expect(await service.query(orphans)).toEqual([]);
    const episodes = () =>
      service.query<{ episode: number }>(
        "select e.episode from @alert_events e join @alerts a on a.id = e.alert_id where a.name = 'firing'",
      );
    await waitFor(async () => (await episodes()).length === 1, { what: 'the purge of its history' });
    expect(await episodes()).toEqual([{ episode: 2 }]);
  });
});
