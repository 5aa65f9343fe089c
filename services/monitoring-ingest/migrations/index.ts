import type { Migrations } from '@signalbox/postgres';
import * as intake from './0001-intake.ts';
import * as rollups from './0002-rollups.ts';
import * as drift from './0003-drift.ts';
import * as objectives from './0004-objectives.ts';

export const migrations: Migrations = {
  '0001-intake': intake,
  '0002-rollups': rollups,
  '0003-drift': drift,
  '0004-objectives': objectives,
};
