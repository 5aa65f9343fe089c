import { AppError } from '@signalbox/errors';
import { calculate } from './calculate.ts';
import type { ServerTool } from './server-tool.ts';

/** The tools that every installation has. They reach nothing outside the process. */
export function builtInTools(now: () => Date): ServerTool[] {
  return [
    {
      name: 'calculator',
      description: 'Calculates an arithmetic expression with + - * / % ^ and brackets.',
      parameters: {
        type: 'object',
        properties: { expression: { type: 'string', maxLength: 500, description: 'For example: (3 + 4) * 2.5' } },
        required: ['expression'],
        additionalProperties: false,
      },
      timeoutMs: 1_000,
      execute: ({ expression }) => Promise.resolve().then(() => String(calculate(String(expression)))),
    },
    {
      name: 'current_time',
      description: 'Tells the present date and time.',
      parameters: {
        type: 'object',
        properties: {
          timezone: { type: 'string', maxLength: 64, description: 'An IANA name: Europe/Berlin. Default UTC.' },
        },
        additionalProperties: false,
      },
      timeoutMs: 1_000,
      execute: ({ timezone }) =>
        Promise.resolve().then(() => timeIn(now(), typeof timezone === 'string' ? timezone : 'UTC')),
    },
  ];
}

function timeIn(now: Date, timeZone: string): string {
  try {
    const local = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(now);
    return JSON.stringify({ utc: now.toISOString(), timezone: timeZone, local });
  } catch (cause) {
    throw new AppError('validation_failed', 'There is no such time zone.', { cause });
  }
}
