import type { Migrations } from '@signalbox/postgres';
import * as peopleAndKeys from './0001-people-and-keys.ts';
import * as audit from './0002-audit.ts';
import * as outbox from './0003-outbox.ts';
import * as apiKeyReplays from './0004-api-key-replays.ts';

/** The gateway's schema, step by step. A step that was merged is never edited. */
export const migrations: Migrations = {
  '0001-people-and-keys': peopleAndKeys,
  '0002-audit': audit,
  '0003-outbox': outbox,
  '0004-api-key-replays': apiKeyReplays,
};
