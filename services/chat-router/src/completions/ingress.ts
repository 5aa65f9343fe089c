import type { Routing } from '@signalbox/contracts';
import type { AppError } from '@signalbox/errors';
import type { ChatRequest, DialectName } from '../dialects/chat-request.ts';
import type { Operation } from '../providers/provider.ts';
import type { RequestFacts } from '../routing/request-facts.ts';

/** What the pipeline needs to know of one dialect of clients. All of it is pure. */
export interface Ingress<Body = never> {
  readonly dialect: DialectName;
  readonly operation: Operation;
  isStream(body: Body): boolean;
  /** Runs for every request: cheap. */
  describe(body: Body): RequestFacts;
  /** The members by which a request says this before everything else that it says. */
  instructed(body: Body, instructions: string): Readonly<Record<string, unknown>>;
  /** Runs only when somebody of another dialect is asked. */
  toChat(body: Body): ChatRequest;
  /** Names of the client's headers that mean something to providers of its dialect alone. */
  readonly vendorHeaders?: readonly string[];
  /** What ends a stream that broke after it had begun, so that clients of this dialect raise an error. */
  errorEvent(error: AppError): Buffer;
  /** What tells a stream's client, before its end, how its model was found; clients that do not know it pass over it. */
  routingEvent(routing: Routing): Buffer;
}
