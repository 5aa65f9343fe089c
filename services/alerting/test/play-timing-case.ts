import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatLabelSet } from '../src/labels/label-set.ts';
import { readMatchers } from '../src/matchers/read-matchers.ts';
import type { CaseAlert, CaseStep, TimingCase } from './timing-cases.ts';

/** Something that speaks Alertmanager's API v2. */
export interface PlayedServer extends AsyncDisposable {
  /** Where `/api/v2` lies. */
  readonly url: string;
  reload(): Promise<void>;
}

export interface Told {
  hook: string;
  /** Seconds of the case. */
  at: number;
  alerts: CaseAlert[];
}

export interface PlayOptions {
  /** How often slower than it is written a case is played. */
  slower: number;
  start: (configuration: string) => Promise<PlayedServer>;
  /** What a hook answers to its nth message; 200 by default. */
  statusOf?: (hook: string, nth: number) => number;
}

interface Message {
  alerts: {
    status: string;
    labels: Record<string, string>;
    annotations: Record<string, string>;
    startsAt: string;
    endsAt: string;
  }[];
}

/** Plays a case on a real clock, with real webhooks, and gives what they were told: the messages that they took. */
export async function playTimingCase(
  one: TimingCase,
  { slower, start, statusOf = () => 200 }: PlayOptions,
): Promise<Told[]> {
  await using owned = new AsyncDisposableStack();
  const received: { hook: string; at: number; message: Message }[] = [];
  let configuration = slowed(one.configuration, slower);
  for (const hook of new Set(one.configuration.match(/hook-\w+/g))) {
    let nth = 0;
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        nth += 1;
        response.statusCode = statusOf(hook, nth);
        if (response.statusCode === 200) received.push({ hook, at: Date.now(), message: JSON.parse(body) as Message });
        response.end('{}');
      });
    });
    configuration = configuration.replaceAll(`http://${hook}/`, await listen(server));
    owned.defer(() => close(server));
  }
  const server = owned.use(await start(configuration));
  // Times are told to the second where the begin of a silence is compared: begin at a whole one.
  const begin = Math.ceil((Date.now() + 100) / 1_000) * 1_000;
  const at = (seconds: number): Date => new Date(begin + Math.round(seconds * slower * 1_000));
  const silences = new Map<string, string>();
  for (const step of one.steps.toSorted((a, b) => a.at - b.at)) {
    await sleep(at(step.at).getTime() - Date.now());
    await take(step, { server, at, silences });
  }
  await sleep(at(one.until).getTime() - Date.now());
  const seconds = (moment: number): number => (moment - begin) / 1_000 / slower;
  return received.map(({ hook, at: when, message }) => ({
    hook,
    at: seconds(when),
    alerts: message.alerts.map(({ status, labels, annotations, startsAt, endsAt }) => ({
      labels,
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      startsAt: seconds(Date.parse(startsAt)),
      ...(status === 'resolved' ? { endsAt: seconds(Date.parse(endsAt)) } : {}),
    })),
  }));
}

async function take(
  step: CaseStep,
  { server, at, silences }: { server: PlayedServer; at: (seconds: number) => Date; silences: Map<string, string> },
): Promise<void> {
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${server.url}/api/v2/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const said = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${String(answer.status)} ${said}`);
    return said === '' ? null : JSON.parse(said);
  };
  if ('push' in step) {
    const alerts = step.push.map(({ labels, annotations, startsAt, endsAt }) => ({
      labels,
      ...(annotations === undefined ? {} : { annotations }),
      ...(startsAt === undefined ? {} : { startsAt: at(startsAt) }),
      ...(endsAt === undefined ? {} : { endsAt: at(endsAt) }),
    }));
    await call('POST', 'alerts', alerts);
  } else if ('silence' in step) {
    const matchers = readMatchers(step.matches).map(({ name, op, value }) => ({
      name,
      value,
      isRegex: op.endsWith('~'),
      isEqual: op.startsWith('='),
    }));
    const silence = { matchers, startsAt: at(step.from), endsAt: at(step.to), createdBy: 'a', comment: 'b' };
    const made = (await call('POST', 'silences', silence)) as { silenceID: string };
    silences.set(step.silence, made.silenceID);
  } else if ('expire' in step) await call('DELETE', `silence/${silences.get(step.expire) ?? ''}`);
  else await server.reload();
}

function slowed(configuration: string, slower: number): string {
  return configuration.replaceAll(/\b(\d+)(ms|s)\b/g, (_, count: string, unit: string) => {
    const ms = Number(count) * (unit === 's' ? 1_000 : 1) * slower;
    return `${String(Math.max(1, Math.round(ms)))}ms`;
  });
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

/** What was told and what should have been, second by second; what arrives within one is in an order of its own. */
export function comparable(told: readonly Told[]): string[] {
  const near = (seconds: number): string => (Math.round(seconds * 5) / 5).toFixed(1);
  return told
    .map(({ hook, at, alerts }) => {
      const written = alerts.map(({ labels, annotations = {}, startsAt = 0, endsAt }) =>
        [
          formatLabelSet(labels),
          formatLabelSet(annotations),
          near(startsAt),
          endsAt === undefined ? '' : near(endsAt),
        ].join(' '),
      );
      return { hook, beat: Math.floor(at), line: `${hook} ${written.sort().join(' ')}` };
    })
    .sort((a, b) => a.hook.localeCompare(b.hook) || a.beat - b.beat || a.line.localeCompare(b.line))
    .map(({ line }) => line);
}
