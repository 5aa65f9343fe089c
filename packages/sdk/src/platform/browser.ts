import type { Platform, Transport, WireAnswer } from './platform.ts';

/** What a page has and a worker may not have. */
interface PageEvents {
  addEventListener?: (type: 'pagehide', listener: () => void) => void;
  removeEventListener?: (type: 'pagehide', listener: () => void) => void;
}

export const platform: Platform = {
  ownHeaders: {},
  openTransport,
  openSpoolFile() {
    throw new TypeError('A spool file needs Node: browsers have no disk that outlives the page.');
  },
  beforeEnd(flush) {
    const page = globalThis as PageEvents;
    const listener = () => {
      void flush({ outlivesPage: true });
    };
    page.addEventListener?.('pagehide', listener);
    return () => page.removeEventListener?.('pagehide', listener);
  },
  startIdleTimer(callback, ms) {
    const timer = setTimeout(callback, ms);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** Browsers keep their own pool of connections, of six to an origin as a rule. */
function openTransport(): Transport {
  const closing = new AbortController();
  return {
    async send({ method, url, headers, body, signal, outlivesPage = false }): Promise<WireAnswer> {
      const response = await fetch(url, {
        method,
        headers: { ...headers },
        body: typeof body === 'string' || body === null ? body : new Uint8Array(body),
        signal: AbortSignal.any([signal, closing.signal]),
        redirect: 'error',
        credentials: 'omit',
        keepalive: outlivesPage,
      });
      return { status: response.status, header: (name) => response.headers.get(name), body: chunksOf(response.body) };
    },
    close() {
      closing.abort(new Error('the client was closed'));
    },
  };
}

/** By hand, since a ReadableStream can be iterated in some browsers only. */
async function* chunksOf(stream: Response['body']): AsyncGenerator<Uint8Array, void, undefined> {
  if (stream === null) return;
  const reader = stream.getReader();
  let isWhole = false;
  try {
    for (;;) {
      const next = await reader.read();
      if (next.done) break;
      yield next.value as Uint8Array;
    }
    isWhole = true;
  } finally {
    if (!isWhole) await reader.cancel().catch(() => undefined);
  }
}
