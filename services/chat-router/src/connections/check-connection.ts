import type { ConnectionTest } from '@signalbox/contracts';
import { toAppError, type AppError } from '@signalbox/errors';
import type { ListingProvider } from './open-connections.ts';

const deadlineMs = 10_000;
const modelsMax = 1_000;

/**
 * Finds out whether a provider can be asked, by letting it list its models: that wants the key, and costs nothing. What is
 * not configured is not asked at all (OP-3).
 */
export async function checkConnection(provider: ListingProvider, signal: AbortSignal): Promise<ConnectionTest> {
  if (provider.missingSetting !== null) {
    return {
      state: 'not_configured',
      detail: 'It has no key, or none that can be opened.',
      latency_ms: null,
      models: null,
    };
  }
  const from = performance.now();
  const latency = (): number => Math.round((performance.now() - from) * 10) / 10;
  try {
    const listed = await provider.listModels(AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]));
    return {
      state: 'ready',
      detail: 'It lists its models.',
      latency_ms: latency(),
      models: listed.slice(0, modelsMax),
    };
  } catch (thrown) {
    return { ...verdictOf(toAppError(thrown)), latency_ms: latency(), models: null };
  }
}

function verdictOf(error: AppError): Pick<ConnectionTest, 'state' | 'detail'> {
  const status = error.details['provider_status'];
  if (
    status === 401 ||
    status === 403 ||
    (error.code === 'provider_failed' && error.details['should_retry'] === false)
  ) {
    return { state: 'unauthorised', detail: 'It does not accept the key, or the account behind it.' };
  }
  // It was reached, and did not mind the key.
  if (error.code === 'rate_limited') return { state: 'ready', detail: 'It takes no more requests at the moment.' };
  if (typeof status === 'number')
    return { state: 'unreachable', detail: `Something answers there with ${String(status)}.` };
  if (error.code === 'timeout') return { state: 'unreachable', detail: 'It did not answer in time.' };
  // Refused, unknown, reset, not allowed: the difference would be a map of somebody's network.
  return {
    state: 'unreachable',
    detail: 'There is no provider of this kind at its address, or none that may be reached.',
  };
}
