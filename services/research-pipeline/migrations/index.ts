import type { Migrations } from '@signalbox/postgres';
import * as outbox from './0001-outbox.ts';

export const migrations: Migrations = {
  '0001-outbox': outbox,
};
