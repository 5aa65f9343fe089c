import { Writable } from 'node:stream';
import winston from 'winston';
import { currentRequest, currentTrace } from './request-context.ts';
import { createSafeJson } from './to-json.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/**
 * Writes one JSON line per event: `ts, level, service, event, request_id, trace_id, span_id`, then the fields. Never
 * throws and never writes a credential. `event` is a fixed name (`chat.routed`), what varies goes into the fields; a
 * thrown error goes into a field as it is (`{ error }`) and is written with its causes and stacks.
 */
export interface Logger {
  debug(event: string, fields?: object): void;
  info(event: string, fields?: object): void;
  warn(event: string, fields?: object): void;
  error(event: string, fields?: object): void;
}

export interface LoggerOptions {
  service: string;
  /** The least that is written; default `info`. */
  level?: LogLevel;
  /** Takes each line, without its newline, instead of stdout. */
  write?: (line: string) => void;
}

const severities = { error: 0, warn: 1, info: 2, debug: 3 };
const reserved = new Set(['ts', 'level', 'service', 'event']);
const noFields = {};

export function createLogger({ service, level = 'info', write = linesToStdout() }: LoggerOptions): Logger {
  const json = createSafeJson(reserved);
  const serviceJson = json.text(service);
  const events = new Map<string, string>();
  // The line is made here, in one pass; winston's formats would clone every field for it.
  const log = winston.createLogger({
    levels: severities,
    level: level === 'silent' ? 'error' : level,
    format: winston.format((line) => line)(),
  });
  log.pipe(linesTo(write));
  const severityMax = level === 'silent' ? -1 : severities[level];

  function eventJson(event: string): string {
    const known = events.get(event);
    if (known !== undefined) return known;
    const made = json.text(event);
    if (events.size < 1_000) events.set(event, made);
    return made;
  }

  function at(name: keyof typeof severities): (event: string, fields?: object) => void {
    if (severities[name] > severityMax) return () => undefined;
    return (event, fields = noFields) => {
      const time = new Date().toISOString();
      const line = `{"ts":"${time}","level":"${name}","service":${serviceJson},"event":${eventJson(event)}${ids(fields)}${json.members(fields)}}`;
      log.write({ level: name, message: event, [levelOfLine]: name, [textOfLine]: line });
    };
  }

  /** A field of the same name wins: a line about a request may be written outside of it. */
  function ids(fields: object): string {
    const requestId = currentRequest()?.requestId;
    const trace = currentTrace();
    let members = '';
    if (requestId !== undefined && !('request_id' in fields)) members += `,"request_id":${json.text(requestId)}`;
    if (trace !== undefined && !('trace_id' in fields))
      members += `,"trace_id":"${trace.traceId}","span_id":"${trace.spanId}"`;
    return members;
  }

  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

// Where winston keeps the level and the finished text of a line.
const levelOfLine = Symbol.for('level');
const textOfLine = Symbol.for('message');

function linesTo(write: (line: string) => void): Writable {
  return new Writable({
    objectMode: true,
    write(line: Record<symbol, string>, _encoding, next) {
      try {
        write(line[textOfLine] ?? '');
      } catch {
        // There is no place left to tell that telling fails, and a request must not fail of it.
      }
      next();
    },
  });
}

/** The lines of one turn of the event loop go out in one write, the last ones when the process ends. */
function linesToStdout(): (line: string) => void {
  let waiting = '';
  const flush = (): void => {
    const lines = waiting;
    waiting = '';
    if (lines !== '') process.stdout.write(lines);
  };
  return (line) => {
    if (waiting === '') {
      setImmediate(flush);
      if (!process.listeners('exit').includes(flush)) process.on('exit', flush);
      // Whoever reads the log may go away (EPIPE); without a listener that would end the process.
      if (!process.stdout.listeners('error').includes(ignoreLostReader)) process.stdout.on('error', ignoreLostReader);
    }
    waiting += `${line}\n`;
  };
}

function ignoreLostReader(): void {
  // The lines are lost, the service goes on.
}
