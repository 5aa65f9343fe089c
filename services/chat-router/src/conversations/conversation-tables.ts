import type { ConversationMessageInput } from '@signalbox/contracts';
import type { Generated, JSONColumnType } from 'kysely';

/** The tables of conversations, as kysely sees them. */
export interface ConversationTables {
  conversations: {
    id: string;
    tenant_id: string;
    title: string | null;
    metadata: JSONColumnType<Record<string, string>>;
    /** How many there are, and the position of the last. */
    messages: Generated<number>;
    created_at: Generated<Date>;
    updated_at: Generated<Date>;
  };
  conversation_messages: {
    conversation_id: string;
    position: number;
    message: JSONColumnType<ConversationMessageInput>;
    model: string | null;
    request_id: string;
    created_at: Generated<Date>;
  };
}
