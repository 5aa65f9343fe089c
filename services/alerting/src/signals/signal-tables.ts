import type { SignalKind } from '@signalbox/contracts';
import type { JSONColumnType, Selectable } from 'kysely';
import type { LabelSet } from '../labels/label-set.ts';

/** What a service said last of one of its subjects. */
export interface SignalTables {
  signals: {
    /** Empty: it concerns the installation, and so every tenant. */
    tenant_id: string;
    signal: SignalKind;
    subject: string;
    state: string;
    /** How many times in a row. */
    value: number;
    /** What tells it from others of its kind. */
    labels: JSONColumnType<LabelSet>;
    /** What was said the last time, for texts to speak of. */
    details: JSONColumnType<LabelSet>;
    at: Date;
    /** From then on it is as if nothing had been said. */
    expires_at: Date | null;
  };
}

export type SignalRow = Selectable<SignalTables['signals']>;
