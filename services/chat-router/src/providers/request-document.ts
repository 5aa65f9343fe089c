import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';

export interface ReceivedDocument {
  statusCode: number;
  headers: IncomingHttpHeaders;
  /** Null when it was larger than it may be; then the connection is closed. */
  body: Buffer | null;
}

export interface DocumentWatch {
  signal: AbortSignal;
  /** There is a connection, and the request is being written to it. */
  onSent: () => void;
  /** The head has come; gives how many bytes may follow. */
  onHead: (statusCode: number) => number;
  onBytes: (bytes: number) => void;
}

/**
 * Sends a request and resolves with the whole of its answer. `Dispatcher.request` would make a stream of every answer, which
 * costs as much as everything else that is done with a small one.
 */
export function requestDocument(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  { signal, onSent, onHead, onBytes }: DocumentWatch,
): Promise<ReceivedDocument> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const pieces: Buffer[] = [];
    const received: ReceivedDocument = { statusCode: 0, headers: {}, body: null };
    let controller: Dispatcher.DispatchController | null = null;
    let bytes = 0;
    let bytesMax = 0;

    const abort = (): void => {
      reject(signal.reason as Error);
      controller?.abort(signal.reason as Error);
    };
    const forget = (): void => {
      signal.removeEventListener('abort', abort);
    };
    signal.addEventListener('abort', abort);

    dispatcher.dispatch(request, {
      onRequestStart(started) {
        controller = started;
        if (signal.aborted) abort();
        else onSent();
      },
      onResponseStart(_controller, statusCode, headers) {
        // A hint that comes before the answer.
        if (statusCode < 200) return;
        received.statusCode = statusCode;
        received.headers = headers;
        bytesMax = onHead(statusCode);
      },
      onResponseData(_controller, piece) {
        onBytes(piece.length);
        bytes += piece.length;
        pieces.push(piece);
        if (bytes <= bytesMax) return;
        forget();
        resolve(received);
        controller?.abort(tooLarge);
      },
      onResponseEnd() {
        forget();
        const [first] = pieces;
        received.body = first !== undefined && pieces.length === 1 ? first : Buffer.concat(pieces, bytes);
        resolve(received);
      },
      onResponseError(_controller, error) {
        forget();
        reject(error);
      },
    });
  });
}

/** Nobody gets to see it: the promise is settled before the connection is closed with it. */
const tooLarge = new Error('The answer is larger than it may be.');
