import { z } from 'zod';

const Algorithm = z.enum(['sliding_window', 'gcra']);
const windowSeconds = z.int().min(1).max(86_400);
const limit = z.int().min(1).max(1_000_000_000);

/** So many per window, by one of the two algorithms; `burst` is for `gcra` alone. */
const Rate = z
  .strictObject({ limit, window_seconds: windowSeconds, algorithm: Algorithm, burst: limit.optional() })
  .refine((rate) => rate.burst === undefined || rate.algorithm === 'gcra', {
    path: ['burst'],
    message: 'only gcra has a burst; a sliding window allows its limit at once',
  });
export type Rate = z.infer<typeof Rate>;

const DefaultClass = z.strictObject({
  requests: Rate,
  /** Requests of the whole class, whoever sends them; absent: not limited. */
  total_requests: Rate.optional(),
  /** Cost units that one request spends, where cost units are limited. */
  cost_units: z.int().min(0).max(1_000_000),
  on_outage: z.enum(['local', 'closed']),
});
const OtherClass = DefaultClass.partial();
export type OtherClass = z.infer<typeof OtherClass>;

/**
 * LIMITS_FILE. Every class takes from `default` what it does not say itself. The rates of a class count per principal
 * (per address for a request without credentials); those of `principal` and `tenant` count over all classes together.
 */
export const LimitsFile = z.strictObject({
  classes: z.strictObject({
    default: DefaultClass,
    chat: OtherClass.optional(),
    login: OtherClass.optional(),
    keys: OtherClass.optional(),
    health: OtherClass.optional(),
    documents: OtherClass.optional(),
    ingest: OtherClass.optional(),
    compute: OtherClass.optional(),
  }),
  principal: z.strictObject({ cost_units: Rate.optional() }),
  tenant: z.strictObject({ requests: Rate.optional(), cost_units: Rate.optional() }),
  /** Refused credentials per address, counted in each process for itself. */
  refused_credentials: z.strictObject({ limit, window_seconds: windowSeconds }),
});
export type LimitsFile = z.infer<typeof LimitsFile>;
