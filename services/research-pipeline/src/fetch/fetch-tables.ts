/** The tables of fetching, as kysely sees them. They hold nothing of a tenant: politeness is owed to hosts. */
export interface FetchTables {
  host_turns: {
    host: string;
    /** When the next turn begins. */
    free_at: Date;
  };
  robots_files: {
    origin: string;
    verdict: 'rules' | 'unreachable';
    body: string;
    expires_at: Date;
  };
}
