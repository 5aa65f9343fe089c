import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Notification, NotifiedAlert } from '../notifications/notification.ts';
import type { ChannelMessage } from './channel.ts';
import { hintOf } from './check-settings.ts';
import { writeEmail } from './email/write-email.ts';
import { outcomeOf, retryAfterMsOf } from './http-outcome.ts';
import { writeEvent } from './pagerduty/pagerduty-channel.ts';
import { writeSlack } from './slack/write-slack.ts';
import { isWebhookSecret, isWebhookSigned, newWebhookSecret, signWebhook } from './webhook/sign-webhook.ts';
import { writeWebhook } from './webhook/write-webhook.ts';

const vectors = new URL('../../test/vectors/', import.meta.url);
const at = new Date('2026-11-20T12:32:08.655Z');

function anAlert(more: Partial<NotifiedAlert> = {}): NotifiedAlert {
  return {
    fingerprint: '2adbb577c6882363',
    status: 'firing',
    labels: { alertname: 'LatencyHigh', model: 'm1', severity: 'critical', tenant: 'acme' },
    annotations: { runbook_url: 'https://r/1', summary: 'p95 5s' },
    generatorUrl: 'http://gen/1',
    startsAt: at.toISOString(),
    endsAt: null,
    ...more,
  };
}

function aMessage(more: Partial<Notification> = {}, rest: Partial<ChannelMessage> = {}): ChannelMessage {
  const notification: Notification = {
    ...{ id: 'notification_1', tenantId: 'tenant_1', kind: 'group', reason: 'first_notification', status: 'firing' },
    receiver: 'all',
    groupKey: '{}:{alertname="LatencyHigh", tenant="acme"}',
    groupLabels: { alertname: 'LatencyHigh', tenant: 'acme' },
    alerts: [anAlert()],
    severity: 4,
    heldBack: 0,
    decidedAt: at,
    ...more,
  };
  return {
    ...{ id: 'delivery_1', notification, sendsResolved: true, recipient: null, sentAt: at },
    externalUrl: 'https://signalbox.example',
    ...rest,
  };
}

interface SignVector {
  secret: string;
  id: string;
  timestamp: number;
  payload: string;
  signature: string;
}

describe('signing (MX-11)', () => {
  const { sign_vectors: cases } = JSON.parse(
    readFileSync(new URL('standard-webhooks-vectors.json', vectors), 'utf8'),
  ) as { sign_vectors: SignVector[] };

  it.each(cases)('agrees with Standard Webhooks: $id', ({ secret, id, timestamp, payload, signature }) => {
    expect(signWebhook([secret], { id, timestampSeconds: timestamp, body: payload })).toBe(signature);
    expect(isWebhookSecret(secret)).toBe(true);
    const headers = { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signature };
    const now = new Date(timestamp * 1_000);
    expect(isWebhookSigned(secret, headers, payload, now)).toBe(true);
    expect(isWebhookSigned(secret.replace('whsec_', ''), headers, payload, now)).toBe(true);
    expect(isWebhookSigned(secret, headers, `${payload} `, now)).toBe(false);
    expect(isWebhookSigned(secret, headers, payload, new Date(now.getTime() + 301_000))).toBe(false);
    expect(isWebhookSigned(secret, headers, payload, new Date(now.getTime() - 301_000))).toBe(false);
    for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature'])
      expect(isWebhookSigned(secret, { ...headers, [name]: undefined }, payload, now)).toBe(false);
    for (const bad of ['v1,dawfeoifkpqwoekfpqoekf', signature.slice(0, 8), 'v1,'])
      expect(isWebhookSigned(secret, { ...headers, 'webhook-signature': bad }, payload, now)).toBe(false);
    const many = { ...headers, 'webhook-signature': `v1,bad v2,bad ${signature} v1,bad` };
    expect(isWebhookSigned(secret, many, payload, now)).toBe(true);
  });

  it('is right for the old and the new secret while both are in force', () => {
    const [before, after] = [newWebhookSecret(), newWebhookSecret()];
    const signature = signWebhook([after, before], { id: 'a', timestampSeconds: 1_700_000_000, body: '{}' });
    const headers = { 'webhook-id': 'a', 'webhook-timestamp': '1700000000', 'webhook-signature': signature };
    for (const secret of [before, after])
      expect(isWebhookSigned(secret, headers, '{}', new Date(1_700_000_000_000))).toBe(true);
    expect(isWebhookSigned(newWebhookSecret(), headers, '{}', new Date(1_700_000_000_000))).toBe(false);
  });

  it.each(['', 'whsec_', 'whsec_c2hvcnQ=', 'not base64 at all!!', `whsec_${Buffer.alloc(65).toString('base64')}`])(
    'takes no secret such as "%s"',
    (secret) => {
      expect(isWebhookSecret(secret)).toBe(false);
    },
  );
});

describe('what a webhook says (MX-11)', () => {
  it('is what Alertmanager 0.25 says of the same alerts', () => {
    const body = JSON.parse(writeWebhook(aMessage(), 0)) as Record<string, unknown>;
    expect(body).toMatchObject({
      receiver: 'all',
      status: 'firing',
      alerts: [
        {
          status: 'firing',
          labels: { alertname: 'LatencyHigh', model: 'm1', severity: 'critical', tenant: 'acme' },
          annotations: { runbook_url: 'https://r/1', summary: 'p95 5s' },
          endsAt: '0001-01-01T00:00:00Z',
          generatorURL: 'http://gen/1',
          fingerprint: '2adbb577c6882363',
        },
      ],
      groupLabels: { alertname: 'LatencyHigh', tenant: 'acme' },
      commonAnnotations: { runbook_url: 'https://r/1', summary: 'p95 5s' },
      version: '4',
      groupKey: '{}:{alertname="LatencyHigh", tenant="acme"}',
      truncatedAlerts: 0,
    });
  });

  it('has no ended alert where nobody asked for them, and says how many were left out', () => {
    const alerts = [anAlert(), anAlert({ status: 'resolved', endsAt: at.toISOString() }), anAlert()];
    const body = JSON.parse(writeWebhook(aMessage({ alerts }, { sendsResolved: false }), 1)) as { alerts: unknown[] };
    expect(body).toMatchObject({ alerts: [{ status: 'firing' }], truncatedAlerts: 1 });
  });
});

describe('what Slack is sent (MX-10)', () => {
  it('stays within the bounds of Block Kit, whatever an alert says', () => {
    const text = fc.string({ unit: 'binary', maxLength: 5_000 });
    const alert = fc.record({ name: text, summary: text, value: text, ended: fc.boolean() });
    fc.assert(
      fc.property(fc.array(alert, { minLength: 1, maxLength: 30 }), (given) => {
        const alerts = given.map(({ name, summary, value, ended }) =>
          anAlert({
            labels: { alertname: name, severity: 'high', value },
            annotations: { summary },
            ...(ended ? { status: 'resolved' as const, endsAt: at.toISOString() } : {}),
          }),
        );
        const message = writeSlack(aMessage({ alerts, groupLabels: {} }), { channel: null, username: null });
        const blocks = message.attachments[0]?.blocks ?? [];
        expect(blocks.length).toBeLessThanOrEqual(45);
        expect(JSON.stringify(blocks).isWellFormed()).toBe(true);
        const texts = blocks.flatMap((block) => textsIn(block));
        expect(texts.reduce((sum, one) => sum + one.length, 0)).toBeLessThanOrEqual(12_000);
        const [header] = blocks.filter(({ type }) => type === 'header');
        expect(textsIn(header ?? {})[0]?.length).toBeLessThanOrEqual(150);
        for (const section of blocks.filter(({ type }) => type === 'section')) {
          const [content = ''] = textsIn(section);
          expect(content.length).toBeLessThanOrEqual(3_000);
          expect(content).not.toMatch(/[<>]/);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('says how many more there are, what was held back and that it comes late', () => {
    const alerts = Array.from({ length: 12 }, (_, index) => anAlert({ fingerprint: String(index) }));
    const sentAt = new Date(at.getTime() + 180_000);
    const message = writeSlack(aMessage({ alerts, heldBack: 3 }, { sentAt }), { channel: '#ml', username: null });
    const text = JSON.stringify(message);
    expect(message.channel).toBe('#ml');
    expect(text).toContain('and 2 more (2 firing, 0 resolved)');
    expect(text).toContain('3 notifications were held back');
    expect(text).toContain('Delivered late: decided at 12:32:08 UTC on 2026-11-20, sent at 12:35:08 UTC');
  });

  it.each([
    ['info', '#2e90fa'],
    ['low', '#36a64f'],
    ['medium', '#ff9800'],
    ['warning', '#ff9800'],
    ['high', '#ff5722'],
    ['critical', '#d32f2f'],
    ['', '#ff9800'],
  ])('has the colour of its severity: %s', (severity, color) => {
    const alerts = [anAlert({ labels: { alertname: 'a', severity } })];
    expect(writeSlack(aMessage({ alerts }), { channel: null, username: null })).toMatchObject({
      attachments: [{ color }],
    });
  });
});

describe('what PagerDuty is sent (B-45)', () => {
  it('has the key that Alertmanager gives the same group, and ends what it began', () => {
    const key = '7959de96508e1bcf48b46733e8081485d35cdd1f68e4b9616380816d7d07eb5e';
    const begun = writeEvent(aMessage(), 'R0UTINGKEY');
    expect(begun).toMatchObject({ event_action: 'trigger', dedup_key: key, payload: { severity: 'critical' } });
    const ended = [anAlert({ status: 'resolved', endsAt: at.toISOString() })];
    expect(writeEvent(aMessage({ alerts: ended }), 'R0UTINGKEY')).toEqual({
      ...{ routing_key: 'R0UTINGKEY', event_action: 'resolve', dedup_key: key },
    });
  });
});

describe('an email (MX-9)', () => {
  it('has an id of its notification, and one thread for a group and a day', () => {
    const first = writeEmail(aMessage(), 'example.org');
    const second = writeEmail(aMessage({ id: 'notification_2' }), 'example.org');
    const other = writeEmail(aMessage({ id: 'notification_3', groupKey: '{}:{}' }), 'example.org');
    expect(first.messageId).toBe('<notification_1@example.org>');
    expect(second.threadId).toBe(first.threadId);
    expect(other.threadId).not.toBe(first.threadId);
  });

  it('holds no markup of an alert, and loads nothing', () => {
    const labels = { alertname: '<img src=x onerror=alert(1)>', severity: 'high' };
    const { html, subject } = writeEmail(
      aMessage({ alerts: [anAlert({ labels, generatorUrl: 'javascript:alert(1)' })], groupLabels: labels }),
      'example.org',
    );
    expect(html).not.toMatch(/<img|<[^>]*src=|href="javascript/);
    expect(subject).not.toMatch(/[\r\n]/);
  });
});

describe("what a receiver's answer means (MX-11, MX-13)", () => {
  it.each([
    [200, 'accepted'],
    [204, 'accepted'],
    [302, 'failed'],
    [400, 'rejected'],
    [404, 'rejected'],
    [408, 'failed'],
    [410, 'gone'],
    [425, 'failed'],
    [429, 'throttled'],
    [500, 'failed'],
    [502, 'throttled'],
    [503, 'throttled'],
    [504, 'throttled'],
  ])('%d: %s', (status, kind) => {
    expect(outcomeOf({ status, headers: {} }, at)).toMatchObject({ kind, status });
  });

  it.each([
    ['45', 45_000],
    [new Date(at.getTime() + 5_345).toUTCString(), 5_345],
    ['999999', 3_600_000],
    ['-3', null],
    ['soon', null],
    ['', null],
    [undefined, null],
  ])('reads Retry-After %s', (value, ms) => {
    expect(retryAfterMsOf(value, at)).toBe(ms);
  });
});

describe('a hint at a secret', () => {
  it('never shows more than a fifth of it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 60 }), (secret) => {
        expect(hintOf(secret).length - 1).toBeLessThanOrEqual(Math.floor(secret.length / 5));
      }),
    );
  });
});

function textsIn(block: Readonly<Record<string, unknown>>): string[] {
  const texts: string[] = [];
  JSON.stringify(block, (key, value: unknown) => {
    if (key === 'text' && typeof value === 'string') texts.push(value);
    return value;
  });
  return texts;
}
