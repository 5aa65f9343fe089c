import type { SignalboxOptions } from '@signalbox/contracts';
import type { Principal } from '@signalbox/identity';
import type { Ingress } from './ingress.ts';

/** A request of a known caller, in whatever dialect. */
export interface AnswerCommand<Body = never> {
  principal: Principal;
  requestId: string;
  ingress: Ingress<Body>;
  /** Without the member `signalbox`, as are the bytes. */
  body: Body;
  bytes: Buffer;
  options: SignalboxOptions;
  /** What the client's headers say of those that the ingress names. */
  vendorHeaders?: Readonly<Record<string, string>>;
  /** Requests with the same key are one request. */
  idempotencyKey: string | null;
  /** The system on whose budget it is asked, where the model's name does not say so. */
  systemId?: string;
}
