import type { Migrations } from '@signalbox/postgres';
import * as outbox from './0001-outbox.ts';
import * as silences from './0002-silences.ts';
import * as alerts from './0003-alerts.ts';
import * as notifications from './0004-notifications.ts';
import * as rules from './0005-rules.ts';
import * as escalation from './0006-escalation.ts';
import * as signalDetails from './0007-signal-details.ts';
import * as ruleLimits from './0008-rule-limits.ts';
import * as alertRetention from './0009-alert-retention.ts';
import * as alertLabels from './0010-alert-labels.ts';

export const migrations: Migrations = {
  '0001-outbox': outbox,
  '0002-silences': silences,
  '0003-alerts': alerts,
  '0004-notifications': notifications,
  '0005-rules': rules,
  '0006-escalation': escalation,
  '0007-signal-details': signalDetails,
  '0008-rule-limits': ruleLimits,
  '0009-alert-retention': alertRetention,
  '0010-alert-labels': alertLabels,
};
