/** Who does something, with what rights, from where. */
export interface Actor {
  tenantId: string;
  principalId: string;
  scopes: readonly string[];
  requestId: string;
  ip: string | null;
}
