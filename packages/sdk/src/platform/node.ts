import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Agent as HttpAgent, request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { Platform, SpoolFile, Transport, WireAnswer, WireRequest } from './platform.ts';

export const platform: Platform = {
  ownHeaders: { 'user-agent': `signalbox-sdk (node ${process.versions.node})` },
  openTransport,
  openSpoolFile,
  beforeEnd(flush) {
    const listener = () => {
      // It fires again after what the flush did, until that was nothing.
      void flush({ outlivesPage: false });
    };
    process.on('beforeExit', listener);
    return () => {
      process.off('beforeExit', listener);
    };
  },
  startIdleTimer(callback, ms) {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};

/** At most `connectionsMax` sockets to each origin, kept alive between requests; what finds none free waits its turn. */
function openTransport({ connectionsMax }: { connectionsMax: number }): Transport {
  const options = { keepAlive: true, maxSockets: connectionsMax, maxFreeSockets: connectionsMax };
  const http = new HttpAgent(options);
  const https = new HttpsAgent(options);
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        const isSecure = request.url.startsWith('https:');
        const { method, headers, signal } = request;
        const sent: ClientRequest = (isSecure ? requestHttps : requestHttp)(request.url, {
          agent: isSecure ? https : http,
          method,
          headers: { ...headers, ...lengthOf(request) },
        });
        sent.on('error', reject);
        sent.on('response', (response) => {
          // Whoever reads it hears of it; somebody who has stopped reading does not care.
          response.on('error', () => undefined);
          resolve(answerOf(response));
        });
        const abort = () => {
          // Without the reason: the socket may be nobody's by now, and nobody would hear it.
          sent.destroy();
          reject(new Error('aborted', { cause: signal.reason }));
        };
        signal.addEventListener('abort', abort, { once: true });
        sent.on('close', () => {
          signal.removeEventListener('abort', abort);
        });
        if (signal.aborted) abort();
        else sent.end(request.body ?? undefined);
      }),
    close() {
      http.destroy();
      https.destroy();
    },
  };
}

function lengthOf({ body }: WireRequest): Record<string, string> {
  if (body === null) return {};
  return { 'content-length': String(typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength) };
}

function answerOf(response: IncomingMessage): WireAnswer {
  return {
    status: response.statusCode ?? 0,
    header(name) {
      const value = response.headers[name];
      return Array.isArray(value) ? value.join(', ') : (value ?? null);
    },
    body: response,
  };
}

function openSpoolFile(path: string): SpoolFile {
  const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');
  return {
    read() {
      try {
        return readFileSync(path, 'utf8').split('\n').filter(Boolean);
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
        return [];
      }
    },
    append(lines) {
      appendFileSync(path, text(lines), { mode: 0o600 });
    },
    rewrite(lines) {
      writeFileSync(`${path}.new`, text(lines), { mode: 0o600 });
      renameSync(`${path}.new`, path);
    },
  };
}
