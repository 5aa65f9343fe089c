/** The table of the tenants' configurations, as kysely sees it. */
export interface ConfigurationTables {
  configurations: {
    tenant_id: string;
    revision: number;
    /** The YAML as it was written, sealed by the vault, for it may hold secrets. */
    sealed: string;
    updated_at: Date;
    updated_by: string;
  };
}
