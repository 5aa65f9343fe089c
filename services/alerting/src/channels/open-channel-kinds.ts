import type { Outbound } from '@signalbox/outbound';
import type { ChannelKind } from './channel.ts';
import { createEmailKind } from './email/email-channel.ts';
import { createGithubIssueKind } from './github-issue/github-issue-channel.ts';
import { createSendOverHttp } from './http-outcome.ts';
import { createPagerDutyKind } from './pagerduty/pagerduty-channel.ts';
import { createSlackKind } from './slack/slack-channel.ts';
import { createWebhookKind } from './webhook/webhook-channel.ts';

/** The ways of telling somebody, by their names; `custom` are added, and replace one of the same name. */
export type ChannelKinds = ReadonlyMap<string, ChannelKind>;

export function openChannelKinds(
  { outbound, allow }: { outbound: Outbound; allow: readonly string[] },
  custom: readonly ChannelKind[] = [],
): ChannelKinds {
  const sendOverHttp = createSendOverHttp(outbound);
  const kinds = [
    createWebhookKind(sendOverHttp),
    createSlackKind(sendOverHttp),
    createEmailKind({ allow }),
    createPagerDutyKind(sendOverHttp),
    createGithubIssueKind(sendOverHttp),
    ...custom,
  ];
  return new Map(kinds.map((kind) => [kind.kind, kind]));
}
