import type { Migrations } from '@signalbox/postgres';
import * as intake from './0001-intake.ts';

export const migrations: Migrations = {
  '0001-intake': intake,
};
