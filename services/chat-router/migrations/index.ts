import type { Migrations } from '@signalbox/postgres';
import * as usage from './0001-usage.ts';
import * as connections from './0002-connections.ts';
import * as money from './0003-money.ts';
import * as answers from './0004-answers.ts';
import * as systems from './0005-systems.ts';
import * as tools from './0006-tools.ts';
import * as conversations from './0007-conversations.ts';
import * as toolHeaders from './0008-tool-headers.ts';
import * as taskAuthority from './0009-task-authority.ts';
import * as advisories from './0010-advisories.ts';

export const migrations: Migrations = {
  '0001-usage': usage,
  '0002-connections': connections,
  '0003-money': money,
  '0004-answers': answers,
  '0005-systems': systems,
  '0006-tools': tools,
  '0007-conversations': conversations,
  '0008-tool-headers': toolHeaders,
  '0009-task-authority': taskAuthority,
  '0010-advisories': advisories,
};
