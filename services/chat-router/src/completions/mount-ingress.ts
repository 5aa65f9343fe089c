import type { RouteContract, SignalboxOptions } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { mountRawRoute, type RouteContext as ContextOf, type Routes } from '@signalbox/http';
import type { Principal } from '@signalbox/identity';
import type { z } from 'zod';
import { spliceRequest } from '../dialects/openai/splice-request.ts';
import { answer } from './answer.ts';
import type { AnswerCommand } from './answer-command.ts';
import type { AnswerSink } from './answer-sink.ts';
import type { Ingress } from './ingress.ts';
import type { Pipeline } from './pipeline.ts';
import { createResponseSink } from './response-sink.ts';

/** What a route takes whose requests go through the pipeline: any object, with our options besides. */
type Asking = { signalbox?: SignalboxOptions | undefined };

/** A request whose contract had an object as its body and let somebody in. */
type RouteContext = Pick<ContextOf, 'requestId' | 'bodyBytes' | 'request' | 'signal' | 'onDrain'> & {
  readonly principal: Principal | null;
  readonly body: unknown;
};

const keyForm = /^[\x21-\x7e]{1,255}$/;

/** How one request of a dialect is answered. */
export type AnswerIngress<Body> = (
  command: AnswerCommand<Body>,
  sink: AnswerSink,
  signal: AbortSignal,
) => Promise<void>;

export interface IngressOptions<Body> {
  /** A client that has taken nothing for so long is cut off. */
  stalledMsMax: number;
  /** Answers in the pipeline's place, and may let it do so. */
  answer?: AnswerIngress<Body> | undefined;
}

/** Mounts a route whose requests the pipeline answers, in the dialect that the ingress speaks. */
export function mountIngress<Contract extends RouteContract, Body extends Asking & z.output<Contract['body']>>(
  routes: Routes,
  contract: Contract,
  pipeline: Pipeline,
  ingress: Ingress<Body>,
  { stalledMsMax, answer: given }: IngressOptions<Body>,
): void {
  const answerIngress: AnswerIngress<Body> =
    given ?? ((command, sink, signal) => answer(pipeline, command, sink, signal));
  mountRawRoute(routes, contract, async (context) => {
    const signal = endOf(context);
    try {
      await answerIngress(commandOf(context, ingress), createResponseSink(context.response, stalledMsMax), signal);
    } catch (thrown) {
      // Nobody is there to be told.
      if (context.signal.aborted) return;
      // Official clients repeat a 5xx by themselves, up to twice, unless they are told that it is of no use.
      if (thrown instanceof AppError && thrown.details['should_retry'] === false) {
        context.response.setHeader('x-should-retry', 'false');
      }
      throw thrown;
    }
  });
}

function commandOf<Body extends Asking>(context: RouteContext, ingress: Ingress<Body>): AnswerCommand<Body> {
  const { requestId, bodyBytes } = context;
  const given = context.body as Body;
  const { signalbox: options, ...rest } = given;
  return {
    // Every such route has a scope, so that somebody was let in.
    principal: context.principal as Principal,
    requestId,
    ingress,
    body: options === undefined ? given : (rest as Body),
    bytes: options === undefined ? bodyBytes : spliceRequest(bodyBytes, { set: {}, remove: ['signalbox'] }),
    options: options ?? {},
    idempotencyKey: idempotencyKeyOf(context),
    ...vendorHeadersOf(context, ingress.vendorHeaders ?? []),
  };
}

function vendorHeadersOf({ request }: RouteContext, names: readonly string[]): Pick<AnswerCommand, 'vendorHeaders'> {
  const given = names.flatMap((name) => {
    const value = request.headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return given.length === 0 ? {} : { vendorHeaders: Object.fromEntries(given) };
}

function idempotencyKeyOf({ request }: RouteContext): string | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key === 'string' && keyForm.test(key)) return key;
  throw new AppError('validation_failed', 'The header Idempotency-Key takes 1 to 255 visible ASCII characters.', {
    details: { param: 'idempotency-key' },
  });
}

/** Fires when the client has left or the process is about to end; an `AppError` says which. */
function endOf({ signal, onDrain }: RouteContext): AbortSignal {
  const end = new AbortController();
  const leave = (): void => {
    end.abort(new AppError('unavailable', 'The client has left.'));
  };
  if (signal.aborted) leave();
  else signal.addEventListener('abort', leave);
  onDrain((phase) => {
    if (phase === 'deadline') {
      end.abort(new AppError('unavailable', 'This process is shutting down.', { retryAfterMs: 1_000 }));
    }
  });
  return end.signal;
}
