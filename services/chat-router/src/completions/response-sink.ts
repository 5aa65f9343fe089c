import type { ServerResponse } from 'node:http';
import type { AnswerSink } from './answer-sink.ts';

/**
 * Writes an answer to an HTTP response, as a JSON document or as server-sent events. A client that has not taken what was written to it after
 * `stalledMsMax` is cut off, which the request's signal then tells.
 */
export function createResponseSink(response: ServerResponse, stalledMsMax: number): AnswerSink {
  return {
    get hasBegun() {
      return response.headersSent;
    },
    document(headers, body) {
      response.writeHead(200, { ...headers, 'content-type': 'application/json', 'content-length': body.length });
      response.end(body);
    },
    begin(headers) {
      response.writeHead(200, {
        ...headers,
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache, no-transform',
        // For proxies in front that would collect the stream before they pass it on.
        'x-accel-buffering': 'no',
      });
    },
    write(bytes) {
      if (response.write(bytes) || response.destroyed) return Promise.resolve();
      return drained(response, stalledMsMax);
    },
    end(bytes) {
      response.end(bytes);
    },
  };
}

function drained(response: ServerResponse, stalledMsMax: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => response.destroy(), stalledMsMax);
    const over = (): void => {
      clearTimeout(timer);
      response.off('drain', over).off('close', over);
      resolve();
    };
    response.on('drain', over).on('close', over);
  });
}
