import { describe, expect, it } from '@jest/globals';
import { timingCases, type CaseAlert, type TimingCase } from '../../test/timing-cases.ts';
import { mergeAlert, type ReportedAlert } from '../alerts/merge-alert.ts';
import type { AlertingConfiguration } from '../configuration/alerting-configuration.ts';
import { readConfiguration } from '../configuration/read-configuration.ts';
import { createInhibitor } from '../inhibition/inhibit-rule.ts';
import { fingerprintOf } from '../labels/label-set.ts';
import { readMatchers } from '../matchers/read-matchers.ts';
import { groupKeyOf, groupLabelsOf, matchRoutes, type Route } from '../routing/route.ts';
import { createSilencer, expireSilence, planSilence, type Silence } from '../silences/silence.ts';
import { intervalsMuting } from '../time-intervals/time-interval.ts';
import { decideFlush, type GroupedAlert } from './decide-flush.ts';
import { joinGroup, restartGroup, type GroupTimer } from './group-timer.ts';
import type { LastSent } from './needs-update.ts';

const epoch = Date.UTC(2026, 10, 20, 12);
const at = (seconds: number): Date => new Date(epoch + Math.round(seconds * 1_000));

type Known = ReportedAlert & GroupedAlert;
interface Group {
  route: Route;
  key: string;
  timer: GroupTimer;
  members: Map<string, Known>;
}
interface Told {
  hook: string;
  at: number;
  alerts: CaseAlert[];
}

/** All that is pure of this service, with the time of the case for a clock and a list for every receiver. */
class VirtualService {
  readonly told: Told[] = [];
  readonly #configuration: AlertingConfiguration;
  readonly #alerts = new Map<string, Known>();
  readonly #groups = new Map<string, Group>();
  readonly #lastSent = new Map<string, LastSent>();
  readonly #silences = new Map<string, Silence>();

  constructor(configuration: string) {
    this.#configuration = readConfiguration(configuration);
  }

  push(alerts: readonly CaseAlert[], now: Date): void {
    for (const { labels, annotations = {}, startsAt, endsAt } of alerts) {
      const end = endsAt === undefined ? null : at(endsAt);
      const posted: ReportedAlert = {
        labels,
        annotations,
        generatorUrl: '',
        startsAt: startsAt === undefined ? now : at(startsAt),
        endsAt: end ?? new Date(now.getTime() + this.#configuration.resolveTimeoutMs),
        timeout: end === null,
        updatedAt: now,
      };
      const fingerprint = fingerprintOf(labels);
      const known = { ...mergeAlert(this.#alerts.get(fingerprint) ?? null, posted, now), fingerprint };
      this.#alerts.set(fingerprint, known);
      for (const route of matchRoutes(this.#configuration.route, labels)) this.#enrol(route, known, now);
    }
  }

  silence(name: string, matches: string, from: number, to: number, now: Date): void {
    const matchers = readMatchers(matches).map(({ name: label, op, value }) => ({ name: label, op, value }));
    const input = { matchers, startsAt: at(from), endsAt: at(to), createdBy: '', comment: '', annotations: {} };
    this.#silences.set(name, planSilence(null, input, now, () => name).silence);
  }

  expire(name: string, now: Date): void {
    const silence = this.#silences.get(name);
    const ended = silence === undefined ? null : expireSilence(silence, now);
    if (ended !== null) this.#silences.set(name, ended);
  }

  reload(now: Date): void {
    for (const group of this.#groups.values())
      group.timer = restartGroup([...group.members.values()], group.route, now);
  }

  nextBeat(): Date | null {
    const beats = [...this.#groups.values()].map(({ timer }) => timer.nextFlushAt.getTime());
    return beats.length === 0 ? null : new Date(Math.min(...beats));
  }

  flushDue(now: Date): void {
    for (const group of this.#groups.values()) if (group.timer.nextFlushAt <= now) this.#flush(group, now);
  }

  #enrol(route: Route, alert: Known, now: Date): void {
    const key = groupKeyOf(route, groupLabelsOf(route, alert.labels));
    const id = `${route.id} ${key}`;
    const group = this.#groups.get(id);
    const timer = joinGroup(group?.timer ?? null, alert, route, now);
    if (group === undefined)
      this.#groups.set(id, { route, key, timer, members: new Map([[alert.fingerprint, alert]]) });
    else {
      group.timer = timer;
      group.members.set(alert.fingerprint, alert);
    }
  }

  #flush(group: Group, now: Date): void {
    const { route, key, members } = group;
    const integrations = this.#configuration.receivers.get(route.receiver)?.integrations ?? [];
    const decision = decideFlush({
      timer: group.timer,
      alerts: [...members.values()],
      addressees: integrations.map(({ sendResolved }, index) => ({
        index,
        sendResolved,
        lastSent: this.#lastSent.get(`${key} ${route.receiver} ${index}`) ?? null,
      })),
      groupIntervalMs: route.groupIntervalMs,
      repeatIntervalMs: route.repeatIntervalMs,
      inhibitedBy: createInhibitor(this.#configuration.inhibitRules, [...this.#alerts.values()], now),
      silencedBy: createSilencer([...this.#silences.values()], now),
      mutedBy: intervalsMuting(route, this.#configuration.timeIntervals, now),
      now,
    });
    group.timer = decision.timer;
    for (const { index, kind, alerts, record } of decision.addressees) {
      if (kind !== 'skip') this.#lastSent.set(`${key} ${route.receiver} ${index}`, record);
      const integration = integrations[index];
      if (kind !== 'send' || integration?.kind !== 'webhook') continue;
      const hook = new URL(integration.url).hostname;
      this.told.push({ hook, at: (now.getTime() - epoch) / 1_000, alerts: alerts.map((alert) => shown(alert, now)) });
    }
    for (const { fingerprint } of decision.leaving) members.delete(fingerprint);
  }
}

function shown({ labels, annotations, startsAt, endsAt }: ReportedAlert, now: Date): CaseAlert {
  const seconds = (moment: Date): number => (moment.getTime() - epoch) / 1_000;
  return {
    labels,
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    startsAt: seconds(startsAt),
    ...(endsAt <= now ? { endsAt: seconds(endsAt) } : {}),
  };
}

function run({ configuration, steps, until }: TimingCase): Told[] {
  const service = new VirtualService(configuration);
  const later = steps.toSorted((a, b) => a.at - b.at);
  const end = at(until);
  for (;;) {
    const step = later[0];
    const beat = service.nextBeat();
    const due = [step === undefined ? null : at(step.at), beat].filter((moment) => moment !== null);
    if (due.length === 0) return service.told;
    const now = new Date(Math.min(...due.map((moment) => moment.getTime())));
    if (now > end) return service.told;
    if (beat !== null && beat <= now) {
      service.flushDue(now);
      continue;
    }
    later.shift();
    if (step === undefined) continue;
    if ('push' in step) service.push(step.push, now);
    else if ('silence' in step) service.silence(step.silence, step.matches, step.from, step.to, now);
    else if ('expire' in step) service.expire(step.expire, now);
    else service.reload(now);
  }
}

const byLabels = (a: CaseAlert, b: CaseAlert): number => (JSON.stringify(a.labels) < JSON.stringify(b.labels) ? -1 : 1);

describe('the timing of Alertmanager, on a clock of its own (MX-12, B-45)', () => {
  it.each(timingCases)('$name', (one) => {
    const told = run(one).map(({ hook, at: when, alerts }) => ({
      hook,
      beat: when,
      alerts: alerts.toSorted(byLabels),
    }));
    const wanted = one.wants.map(({ hook, from, alerts }) => ({ hook, beat: from, alerts: alerts.toSorted(byLabels) }));
    const order = (list: typeof told) =>
      list.toSorted(
        (a, b) =>
          a.hook.localeCompare(b.hook) ||
          a.beat - b.beat ||
          byLabels({ labels: { k: JSON.stringify(a.alerts) } }, { labels: { k: JSON.stringify(b.alerts) } }),
      );
    expect(order(told)).toEqual(order(wanted));
  });
});
