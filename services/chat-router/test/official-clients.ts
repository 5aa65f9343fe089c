import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { TestRouter } from './harness.ts';

/** The official clients, pointed at a router, each as it comes but for the identity that the gateway would have signed. */
export function officialClients(router: TestRouter) {
  const signing: typeof fetch = (input, init) => {
    const request = new Request(input, init);
    const { pathname, search } = new URL(request.url);
    return router.fetch(pathname + search, { ...init, headers: Object.fromEntries(request.headers) });
  };
  const apiKey = 'the-gateway-checks-keys';
  return {
    openai: new OpenAI({ baseURL: `${router.url}/v1`, apiKey, maxRetries: 0, fetch: signing }),
    anthropic: new Anthropic({ baseURL: router.url, apiKey, maxRetries: 0, fetch: signing }),
    ai: {
      openai: createOpenAI({ baseURL: `${router.url}/v1`, apiKey, fetch: signing }),
      anthropic: createAnthropic({ baseURL: `${router.url}/v1`, apiKey, fetch: signing }),
    },
  };
}
