import { createHash } from 'node:crypto';
import type { RoutingProfile, RoutingRule, RoutingStrategy } from '@signalbox/contracts';
import type { Operation } from '../providers/provider.ts';
import { findTarget } from './find-target.ts';
import type { ModelFacts } from './model-facts.ts';
import { estimateTokens, type RequestFacts } from './request-facts.ts';
import { modelId, type Target } from './target.ts';

/** A model that can answer, and the connection through which it is asked. */
export interface Candidate {
  connectionId: string;
  target: Target;
  facts: ModelFacts;
}

export interface SkippedCandidate {
  model: string;
  reason: string;
}

/** A connection, as far as planning looks at it. */
export interface PlannedConnection {
  readonly id: string;
  readonly provider: {
    readonly name: string;
    readonly models: readonly string[];
    readonly missingSetting: string | null;
  };
  factsOf(model: string): ModelFacts;
}

export interface RouteQuestion {
  /** What the client calls what it wants. */
  requested: string;
  operation: Operation;
  /** The models behind that name; null: it is a model's, or `auto`. */
  profile: RoutingProfile | null;
  facts: RequestFacts;
  /** In place of the profile's. */
  strategy: RoutingStrategy | null;
  sticky: boolean;
  conversationId: string | null;
  /** The answer will be a stream, so that the time to its first token is measured. */
  streamed: boolean;
}

/** What is known at the moment. */
export interface RouteView {
  connections: readonly PlannedConnection[];
  /** How long a connection still rests after failures; 0: it may be asked. */
  restsMs(connectionId: string): number;
  /** Half of the observed streams began within this time; null: none was observed. */
  firstTokenMs(candidate: Candidate): number | null;
  /** The alert that advises against a model while it fires; null: none does. */
  advisedAgainst(candidate: Candidate): string | null;
  /** The share of streams under `speed_first` that go to another model than the fastest, so that it is measured again. */
  exploration: number;
  /** From 0 to below 1. */
  random(): number;
}

export type RoutePlan =
  | {
      kind: 'planned';
      strategy: RoutingStrategy;
      /** In the order in which they are to be asked; at least one. */
      candidates: readonly Candidate[];
      skipped: readonly SkippedCandidate[];
      /** Why the first is the first, in a sentence. */
      reason: string;
    }
  | { kind: 'unknown'; model: string }
  | { kind: 'ambiguous'; model: string; candidates: readonly string[] }
  | { kind: 'not_configured'; target: Target }
  /** Whoever was meant cannot do this; `capable` names some that can. */
  | { kind: 'incapable'; skipped: readonly SkippedCandidate[]; capable: readonly string[] }
  /** Whoever can do this rests after failures; the first is back in `restsMs`. */
  | { kind: 'resting'; strategy: RoutingStrategy; skipped: readonly SkippedCandidate[]; restsMs: number };

/** The name that leaves the choice to us, among all models of which is known what they can. */
export const anyModel = 'auto';

/**
 * Decides who is asked, and in which order. Whoever cannot do what the request needs is passed over with the reason. What
 * nobody knows about a model does not speak against it where somebody named it, and does where nobody did (`auto`).
 */
export function planRoute(question: RouteQuestion, view: RouteView): RoutePlan {
  const { requested, profile, facts } = question;
  const rule = profile?.rules?.find(({ when }) => holds(when, facts.metadata));
  const isOpen = profile === null && requested === anyModel;
  const strategy = strategyOf(question, rule, isOpen);
  const found = isOpen
    ? { kind: 'found' as const, candidates: everyCandidate(view.connections), absent: [] }
    : findCandidates(rule?.models ?? profile?.models ?? [requested], view.connections);
  if (found.kind !== 'found') return found;

  const { able, skipped: unable, restsMs } = sift(found.candidates, question, view, isOpen);
  const skipped = [...found.absent, ...unable];
  if (able.length === 0) {
    return restsMs === null
      ? { kind: 'incapable', skipped, capable: capableModels(question, view.connections) }
      : { kind: 'resting', strategy, skipped, restsMs };
  }
  if (able.length === 1) return { kind: 'planned', strategy, candidates: able, skipped, reason: reasonOfOne(skipped) };

  const place = placeOf(question);
  if (place !== null) {
    const candidates = byRendezvous(able, place, (candidate) => weightIn(profile, candidate));
    return { kind: 'planned', strategy, candidates, skipped, reason: 'the place of this conversation' };
  }
  const { candidates, reason } = heedAlerts(ordered(able, strategy, question, view), view);
  const isExplorable = strategy === 'speed_first' && question.streamed;
  const explored = isExplorable
    ? toExplore(
        candidates.filter((one) => view.advisedAgainst(one) === null),
        view,
      )
    : null;
  if (explored !== null) {
    const others = candidates.filter((candidate) => candidate !== explored);
    return { kind: 'planned', strategy, candidates: [explored, ...others], skipped, reason: reasonOfExploring };
  }
  return { kind: 'planned', strategy, candidates, skipped, reason: reason ?? reasons[strategy] };
}

/**
 * Models that an alert advises against are asked after all others: none is lost, and each has its place back when the alert
 * ends. The reason is null where that changes nothing about who comes first.
 */
function heedAlerts(
  inOrder: readonly Candidate[],
  view: RouteView,
): { candidates: readonly Candidate[]; reason: string | null } {
  const others = inOrder.filter((candidate) => view.advisedAgainst(candidate) === null);
  const candidates = [...others, ...inOrder.filter((candidate) => !others.includes(candidate))];
  const [first] = inOrder;
  if (first === undefined || first === candidates[0]) return { candidates, reason: null };
  const alert = view.advisedAgainst(first) ?? '';
  return { candidates, reason: `an alert advises against ${modelId(first.target)}: ${alert}` };
}

/**
 * Now and then somebody else than the fastest, each of the others as likely as the next: who was never measured, or was slow
 * once, would otherwise never be asked again. Null: this time the fastest is asked.
 */
function toExplore([_fastest, ...others]: readonly Candidate[], view: RouteView): Candidate | null {
  if (view.exploration <= 0) return null;
  // One draw decides both: whether, and which.
  const place = view.random() / view.exploration;
  return place < 1 ? (others[Math.floor(place * others.length)] ?? null) : null;
}

function strategyOf(
  { strategy, profile }: RouteQuestion,
  rule: RoutingRule | undefined,
  isOpen: boolean,
): RoutingStrategy {
  return strategy ?? rule?.strategy ?? profile?.strategy ?? (isOpen ? 'capability_based' : 'priority');
}

/** The conversation that keeps its model; null: none is to. */
function placeOf({ sticky, profile, conversationId }: RouteQuestion): string | null {
  return sticky || profile?.sticky === true ? conversationId : null;
}

/** Who can do it and may be asked, who not and why, and when the first of those who rest is back. */
function sift(
  found: readonly Candidate[],
  question: RouteQuestion,
  view: RouteView,
  isOpen: boolean,
): { able: Candidate[]; skipped: SkippedCandidate[]; restsMs: number | null } {
  const skipped: SkippedCandidate[] = [];
  const able: Candidate[] = [];
  let soonestMs: number | null = null;
  const lackingIn = ({ facts }: Candidate): string | null => lackOf(facts, question, { unknownSuffices: !isOpen });
  // Where the choice is ours, quotations are no answer to a question that a language model could answer, even one that rests.
  const isWritten = isOpen && found.some((candidate) => isWriter(candidate) && lackingIn(candidate) === null);
  for (const candidate of found) {
    const lack = isWritten && !isWriter(candidate) ? 'only quotes what it is given' : lackingIn(candidate);
    const restsMs = lack === null ? view.restsMs(candidate.connectionId) : 0;
    if (lack === null && restsMs === 0) {
      able.push(candidate);
      continue;
    }
    skipped.push({ model: modelId(candidate.target), reason: lack ?? 'rests after failures' });
    if (restsMs > 0) soonestMs = Math.min(soonestMs ?? Infinity, restsMs);
  }
  return { able, skipped, restsMs: soonestMs };
}

function isWriter({ facts }: Candidate): boolean {
  return facts.generates !== false;
}

const reasons = {
  priority: 'the first in the given order that can answer',
  weighted: 'drawn by weight',
  cost_optimized: 'the lowest price, 0.6 × input + 0.4 × output',
  speed_first: 'the lowest observed time to the first token',
  quality_first: 'the highest quality',
  capability_based: 'has what the request needs and the least beyond it',
} as const satisfies Record<RoutingStrategy, string>;

const reasonOfExploring = 'not the fastest; asked so that its time to the first token is measured again';

function reasonOfOne(skipped: readonly SkippedCandidate[]): string {
  return skipped.length === 0 ? 'asked for by name' : 'the only one that can answer';
}

function holds(
  when: Readonly<Record<string, string | readonly string[]>>,
  metadata: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(when).every(([name, wanted]) => {
    const value = Object.hasOwn(metadata, name) ? metadata[name] : undefined;
    return value !== undefined && (typeof wanted === 'string' ? wanted === value : wanted.includes(value));
  });
}

function everyCandidate(connections: readonly PlannedConnection[]): Candidate[] {
  return connections
    .filter(({ provider }) => provider.missingSetting === null)
    .flatMap((connection) => connection.provider.models.map((model) => candidateOf(connection, model)));
}

/** Those among some names who can be asked, each once, and why the others cannot. */
interface FoundCandidates {
  kind: 'found';
  candidates: Candidate[];
  absent: SkippedCandidate[];
}

/** All that bear these names; where none can be asked, why the first cannot. */
function findCandidates(
  names: readonly string[],
  connections: readonly PlannedConnection[],
): FoundCandidates | Exclude<RoutePlan, { kind: 'planned' }> {
  const candidates = new Map<string, Candidate>();
  const absent: SkippedCandidate[] = [];
  const catalog = connections.map(({ provider }) => provider);
  let obstacle: Exclude<RoutePlan, { kind: 'planned' }> | null = null;
  for (const name of names) {
    const found = findTarget(catalog, name);
    switch (found.kind) {
      case 'found': {
        const connection = connections.find(({ provider }) => provider.name === found.target.provider);
        if (connection === undefined) throw new TypeError('found among other connections');
        const id = modelId(found.target);
        if (!candidates.has(id)) candidates.set(id, candidateOf(connection, found.target.model));
        break;
      }
      case 'unknown':
        obstacle ??= { kind: 'unknown', model: name };
        absent.push({ model: name, reason: 'does not exist here' });
        break;
      case 'ambiguous':
        obstacle ??= { kind: 'ambiguous', model: name, candidates: found.candidates };
        absent.push({ model: name, reason: 'is the name of several models' });
        break;
      case 'not_configured':
        obstacle ??= { kind: 'not_configured', target: found.target };
        absent.push({ model: modelId(found.target), reason: 'is not configured' });
        break;
    }
  }
  if (candidates.size === 0 && obstacle !== null) return obstacle;
  return { kind: 'found', candidates: [...candidates.values()], absent };
}

function candidateOf(connection: PlannedConnection, model: string): Candidate {
  return {
    connectionId: connection.id,
    target: { provider: connection.provider.name, model },
    facts: connection.factsOf(model),
  };
}

const nameOfNeed = {
  vision: 'cannot see images',
  tools: 'cannot call tools',
  jsonSchema: 'cannot keep to a JSON schema',
  reasoning: 'cannot reason',
} as const;

/** What keeps a model from answering; null: nothing does. */
export function lackOf(
  model: ModelFacts,
  { operation, facts: { needs, inputCharacters, outputTokensMax } }: Pick<RouteQuestion, 'operation' | 'facts'>,
  { unknownSuffices }: { unknownSuffices: boolean },
): string | null {
  if (operation === 'chat' && model.embeddings === true) return 'makes embeddings only';
  if (operation === 'embeddings' && model.embeddings !== true && !(unknownSuffices && model.embeddings === null)) {
    return 'makes no embeddings';
  }
  for (const need of ['vision', 'tools', 'jsonSchema', 'reasoning'] as const) {
    if (!needs[need] || model[need] === true) continue;
    if (model[need] === false) return nameOfNeed[need];
    if (!unknownSuffices) return `nobody knows whether it ${nameOfNeed[need].replace('cannot', 'can')}`;
  }
  if (model.contextTokensMax === null) return null;
  const tokens = estimateTokens(inputCharacters) + (outputTokensMax ?? 0);
  if (tokens <= model.contextTokensMax) return null;
  return `its window of ${String(model.contextTokensMax)} tokens is too small for about ${String(tokens)}`;
}

function capableModels(question: RouteQuestion, connections: readonly PlannedConnection[]): string[] {
  return everyCandidate(connections)
    .filter((candidate) => lackOf(candidate.facts, question, { unknownSuffices: false }) === null)
    .map(({ target }) => modelId(target))
    .slice(0, 20);
}

function ordered(
  able: readonly Candidate[],
  strategy: RoutingStrategy,
  { profile, facts }: RouteQuestion,
  view: RouteView,
): readonly Candidate[] {
  switch (strategy) {
    case 'priority':
      return able;
    case 'weighted':
      // Drawing without replacement, each in proportion to its weight (Efraimidis and Spirakis, 2006).
      return ascending(able, (candidate) => -Math.log(1 - view.random()) / weightIn(profile, candidate));
    case 'cost_optimized':
      return ascending(able, ({ facts: model }) => priceOf(model));
    case 'speed_first':
      return ascending(able, (candidate) => view.firstTokenMs(candidate));
    case 'quality_first':
      return ascending(able, ({ facts: { quality } }) => (quality === null ? null : -quality));
    case 'capability_based':
      return ascending(
        ascending(able, ({ facts: model }) => priceOf(model)),
        ({ facts: model }) => surplusOf(model, facts),
      );
  }
}

/** What a model costs, for comparing: nano-dollars per million tokens of which six in ten are input. */
function priceOf({ price }: ModelFacts): number | null {
  return price === null ? null : 0.6 * Number(price.prices.input) + 0.4 * Number(price.prices.output);
}

/** How many of its abilities the request has no use for. */
function surplusOf(model: ModelFacts, { needs }: RequestFacts): number {
  const abilities = ['vision', 'tools', 'jsonSchema', 'reasoning'] as const;
  return abilities.filter((ability) => model[ability] === true && !needs[ability]).length;
}

/** By what is measured, and in the order given where that is equal; what was not measured comes last. */
function ascending(
  candidates: readonly Candidate[],
  measure: (candidate: Candidate) => number | null,
): readonly Candidate[] {
  return (
    candidates
      .map((candidate) => {
        const value = measure(candidate);
        return { candidate, value: value === null || Number.isNaN(value) ? Infinity : value };
      })
      // Infinity less infinity is no number.
      .sort((a, b) => (a.value === b.value ? 0 : a.value - b.value))
      .map(({ candidate }) => candidate)
  );
}

/**
 * Weighted rendezvous hashing: each conversation has its own order of all models. When one goes, only its conversations
 * move; when it comes back, they do too.
 */
function byRendezvous(
  candidates: readonly Candidate[],
  conversationId: string,
  weightOf: (candidate: Candidate) => number,
): readonly Candidate[] {
  return ascending(candidates, (candidate) => {
    const digest = createHash('sha256')
      .update(JSON.stringify([conversationId, modelId(candidate.target)]))
      .digest();
    const share = (digest.readUIntBE(0, 6) + 0.5) / 2 ** 48;
    return -Math.log(share) / weightOf(candidate);
  });
}

function weightIn(profile: RoutingProfile | null, { target }: Candidate): number {
  const weights = profile?.weights;
  if (weights === undefined) return 1;
  return weights[modelId(target)] ?? weights[target.model] ?? 1;
}
