import type { Advisory } from '../advisories/advisory.ts';
import type { JudgeAnswers } from '../asking/judge-answers.ts';
import type { AnswerCache } from '../cache/answer-cache.ts';
import type { SemanticCache } from '../cache/semantic-cache.ts';
import type { Replays } from '../idempotency/replays.ts';
import type { Budgets } from '../money/budgets.ts';
import type { AttemptDeps } from '../resilience/run-attempts.ts';
import type { Connections } from '../routing/connection.ts';
import type { RoutingProfiles } from '../routing/routing-profiles.ts';

/** Everything that answering takes. */
export interface Pipeline {
  connections: Connections;
  /** The alerts that advise a tenant against some models at the moment. */
  advisoriesOf: (tenantId: string) => Promise<readonly Advisory[]>;
  profiles: RoutingProfiles;
  budgets: Budgets;
  attempts: AttemptDeps;
  cache: AnswerCache;
  /** Null: this installation has none. */
  semantic: SemanticCache | null;
  judge: JudgeAnswers;
  replays: Replays;
}
