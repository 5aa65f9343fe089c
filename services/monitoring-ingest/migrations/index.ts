import type { Migrations } from '@signalbox/postgres';
import * as intake from './0001-intake.ts';
import * as rollups from './0002-rollups.ts';

export const migrations: Migrations = {
  '0001-intake': intake,
  '0002-rollups': rollups,
};
