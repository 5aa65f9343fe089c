import type { JSONColumnType } from 'kysely';
import type { LabelSet } from '../labels/label-set.ts';
import type { MatcherSpec } from '../matchers/matcher.ts';

/** The table of silences, as kysely sees it. */
export interface SilenceTables {
  silences: {
    tenant_id: string;
    id: string;
    matchers: JSONColumnType<MatcherSpec[]>;
    starts_at: Date;
    ends_at: Date;
    created_by: string;
    comment: string;
    annotations: JSONColumnType<LabelSet>;
    updated_at: Date;
  };
}
