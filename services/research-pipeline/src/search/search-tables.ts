/** The tables of searching, as kysely sees them. A `holder` is whose credential is used: a tenant's id, or `operator`. */
export interface SearchTables {
  search_credentials: {
    tenant_id: string;
    provider: string;
    /** By the vault. */
    sealed: string;
    /** Enough to recognise it by. */
    hint: string;
    updated_at: Date;
  };
  provider_rests: {
    holder: string;
    provider: string;
    until: Date;
    reason: string;
  };
  provider_answers: {
    holder: string;
    url_sha256: string;
    etag: string;
    body: string;
    expires_at: Date;
  };
}
