export { usualBreaker, type BreakerSettings } from './breaker.ts';
export {
  createBreakers,
  type Admission,
  type Admittance,
  type BreakerChange,
  type Breakers,
  type BreakersOptions,
  type BreakerView,
} from './breakers.ts';
export { connectRedis, openRedis, type OpenRedis, type RedisOptions, type RedisUse } from './connect-redis.ts';
export {
  canonicalJson,
  createContentCache,
  type CacheKey,
  type CacheNamespace,
  type CacheStatistics,
  type ContentCache,
  type ContentCacheOptions,
  type Made,
} from './content-cache.ts';
export { createCacheCounters, type CacheCounters } from './cache-counters.ts';
export { type LimitDecision, type LimitPolicy, type PolicyState } from './limit-policy.ts';
export { createLimiter, type Limiter, type LimiterOptions } from './limiter.ts';
export { stepOutage, type Outage, type OutageEvent } from './outage.ts';
export { askRedis, RedisAway, type AwayReason } from './redis-away.ts';
