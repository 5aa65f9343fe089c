/** Counts refused credentials per address, in this process, so that junk never costs a call to Redis or Postgres. */
export interface RefusedCredentials {
  /** Notes one refusal. 0 while the address is within its limit; else how long it should stay away, in milliseconds. */
  note(address: string, limit: { limit: number; windowMs: number }, now?: number): number;
}

/** One number per address (GCRA), for the `addressesMax` that were refused last. */
export function createRefusedCredentials({ addressesMax = 10_000 } = {}): RefusedCredentials {
  // When each address' quota will be whole again; insertion order is the order of the last refusal.
  const wholeAt = new Map<string, number>();
  return {
    note(address, { limit, windowMs }, now = Date.now()) {
      const intervalMs = windowMs / limit;
      const next = Math.max(wholeAt.get(address) ?? 0, now) + intervalMs;
      if (next - now > windowMs) return next - now - windowMs;
      wholeAt.delete(address);
      wholeAt.set(address, next);
      if (wholeAt.size > addressesMax) {
        for (const oldest of wholeAt.keys()) {
          wholeAt.delete(oldest);
          break;
        }
      }
      return 0;
    },
  };
}
