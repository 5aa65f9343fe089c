import type { AuditAction } from '@signalbox/contracts';

/** One act or refusal as its author tells it; id and time are added by the log. */
export interface AuditEntry {
  /** Null where no tenant could be told. */
  tenantId: string | null;
  /** The principal's id, or `anonymous`. */
  actor: string;
  action: AuditAction;
  target: string | null;
  requestId: string | null;
  ip: string | null;
  /** Facts about the act, never a secret. */
  details?: Readonly<Record<string, unknown>>;
}
