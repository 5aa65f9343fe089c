import * as contracts from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { keysetPage, mountRoute, pageStart, reply, type Routes } from '@signalbox/http';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { TellAudit } from '../audit/tell-audit.ts';
import { changedChannel, newChannel, rotatedChannel, type ChangeChannelsDeps } from './change-channels.ts';
import type { ChannelRecord } from './channel-record.ts';
import { countChannels, findChannel, listChannelRows, removeChannel, saveChannel } from './channel-store.ts';
import { sendTest, type TestChannelDeps } from './test-channel.ts';

export interface ChannelRouteDeps extends ChangeChannelsDeps, TestChannelDeps {
  readonly db: Kysely<Schema>;
  readonly tellAudit: TellAudit;
  readonly nudge: () => void;
}

/** Every flush reads them all. */
const channelsMax = 200;

export function mountChannelRoutes(routes: Routes, deps: ChannelRouteDeps): void {
  const { db, tellAudit, nudge } = deps;

  mountRoute(routes, contracts.createChannel, async ({ principal, requestId, body }) => {
    const { tenantId } = principal;
    const { channel, signingSecret } = newChannel(deps, tenantId, body, new Date());
    await db.transaction().execute(async (trx) => {
      if ((await countChannels(trx, tenantId)) >= channelsMax)
        throw new AppError('conflict', `There are ${channelsMax} channels already.`);
      await saveChannel(trx, channel);
      const details = { change: 'created', name: channel.name, kind: channel.kind };
      await tellAudit(trx, { action: 'channel.changed', target: channel.id, principal, requestId, details });
    });
    nudge();
    const answer = { ...present(channel), signing_secret: signingSecret };
    return reply(answer, { headers: { Location: `/api/v1/channels/${channel.id}` } });
  });

  mountRoute(routes, contracts.listChannels, async ({ principal, query }) => {
    const list = contracts.listChannels.operationId;
    const start = pageStart(list, query, ['string']);
    const [id] = start.after ?? [];
    const stretch = { after: typeof id === 'string' ? id : null, backwards: start.backwards, limit: start.fetch };
    const rows = await listChannelRows(db, principal.tenantId, stretch);
    return keysetPage({ list, start, rows, keyOf: (row) => [row.id], present });
  });

  mountRoute(routes, contracts.getChannel, async ({ principal, params }) =>
    present(await existing(principal.tenantId, params.id)),
  );

  mountRoute(routes, contracts.updateChannel, async ({ principal, requestId, params, body }) => {
    const channel = await db.transaction().execute(async (trx) => {
      const before = await findChannel(trx, principal.tenantId, params.id, { isLocked: true });
      if (before === null) throw absent();
      const after = changedChannel(deps, before, body, new Date());
      await saveChannel(trx, after);
      const details = { change: 'updated', name: after.name, members: Object.keys(body) };
      await tellAudit(trx, { action: 'channel.changed', target: after.id, principal, requestId, details });
      return after;
    });
    nudge();
    return present(channel);
  });

  mountRoute(routes, contracts.deleteChannel, async ({ principal, requestId, params }) => {
    await db.transaction().execute(async (trx) => {
      if (!(await removeChannel(trx, principal.tenantId, params.id))) throw absent();
      const details = { change: 'deleted' };
      await tellAudit(trx, { action: 'channel.changed', target: params.id, principal, requestId, details });
    });
    nudge();
    return null;
  });

  mountRoute(routes, contracts.testChannel, async ({ principal, requestId, params, signal }) => {
    const channel = await existing(principal.tenantId, params.id);
    return sendTest(deps, channel, { principal, requestId }, signal);
  });

  mountRoute(routes, contracts.rotateChannelSecret, async ({ principal, requestId, params, body }) => {
    const { channel, signingSecret } = await db.transaction().execute(async (trx) => {
      const before = await findChannel(trx, principal.tenantId, params.id, { isLocked: true });
      if (before === null) throw absent();
      const rotated = rotatedChannel(deps, before, body.overlap_seconds, new Date());
      await saveChannel(trx, rotated.channel);
      const details = { change: 'secret_rotated', overlap_seconds: body.overlap_seconds };
      await tellAudit(trx, { action: 'channel.changed', target: params.id, principal, requestId, details });
      return rotated;
    });
    nudge();
    return { ...present(channel), signing_secret: signingSecret };
  });

  async function existing(tenantId: string, id: string): Promise<ChannelRecord> {
    const channel = await findChannel(db, tenantId, id);
    if (channel === null) throw absent();
    return channel;
  }
}

function present(channel: ChannelRecord): contracts.Channel {
  return {
    id: channel.id,
    name: channel.name,
    kind: channel.kind,
    enabled: channel.isEnabled,
    disabled_reason: channel.disabledReason,
    send_resolved: channel.sendsResolved,
    rate_limit: { messages: channel.messagesMax, window_seconds: channel.windowSeconds },
    heartbeat_seconds: channel.heartbeatSeconds,
    settings: { ...channel.shown },
    created_at: channel.createdAt.toISOString(),
    updated_at: channel.updatedAt.toISOString(),
  };
}

function absent(): AppError {
  return new AppError('not_found', 'There is no such channel.');
}
