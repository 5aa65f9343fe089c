import type { Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import { redactText } from './redact-text.ts';

/** Takes credentials out of what a span tells, and the literals out of its SQL, in its last moment before it is exported. */
export const redactSpans: SpanProcessor = {
  onStart: () => undefined,
  onEnding(span: Span) {
    for (const [name, value] of Object.entries(span.attributes)) {
      if (typeof value !== 'string') continue;
      const told = redactText(isStatement(name) ? withoutLiterals(value) : value);
      if (told !== value) span.setAttribute(name, told);
    }
    const { code, message } = span.status;
    if (message !== undefined) span.setStatus({ code, message: redactText(message) });
    for (const { attributes = {} } of span.events) {
      for (const [name, value] of Object.entries(attributes)) {
        if (typeof value === 'string') attributes[name] = redactText(value);
      }
    }
  },
  onEnd: () => undefined,
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

function isStatement(attribute: string): boolean {
  return attribute === 'db.statement' || attribute === 'db.query.text';
}

function withoutLiterals(sql: string): string {
  return sql.replaceAll(/'(?:[^']|'')*'|\$(\w*)\$[^]*?\$\1\$/g, '?');
}
