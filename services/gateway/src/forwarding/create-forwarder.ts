import { createDirectForwarder, isSmall } from './forward-directly.ts';
import { createProxyForwarder } from './forward-by-proxy.ts';
import type { ForwardedRoute, Forwarder, ForwarderOptions } from './forwarder.ts';

export interface CreateForwarderOptions extends ForwarderOptions {
  /** The routes whose small requests take the short way (ADR 9). Default: those of chat. */
  goesDirectly?: (route: ForwardedRoute) => boolean;
}

/** Two ways to the services that differ in nothing a client or a service could see: the common one, and a cheaper one. */
export function createForwarder({ goesDirectly = isChat, ...options }: CreateForwarderOptions): Forwarder {
  const proxy = createProxyForwarder(options);
  const direct = createDirectForwarder(options);
  return {
    forward: (request, response, route) =>
      (goesDirectly(route) && isSmall(request) ? direct : proxy).forward(request, response, route),
    upgrade: (...upgrade) => {
      proxy.upgrade(...upgrade);
    },
    endStreams() {
      proxy.endStreams();
      direct.endStreams();
    },
    [Symbol.dispose]() {
      proxy[Symbol.dispose]();
      direct[Symbol.dispose]();
    },
  };
}

function isChat({ routeClass }: ForwardedRoute): boolean {
  return routeClass === 'chat';
}
