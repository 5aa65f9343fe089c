import type { IdentityKeys, Principal } from '@signalbox/identity';
import type { Routes } from '@signalbox/http';
import type { Outbound } from '@signalbox/outbound';
import { openDeadLetters, type Database } from '@signalbox/postgres';
import type { Emitter, RunningWorker } from '@signalbox/queue';
import type { ContentCache } from '@signalbox/redis';
import type { Logger, Metrics } from '@signalbox/telemetry';
import type { Vault } from '@signalbox/vault';
import { createTellAudit } from '../audit/tell-audit.ts';
import { answerOverChat, type AnswerIn, type AskingBody } from '../asking/answer-over-chat.ts';
import { askThrough, withBody, type AnswerChat } from '../asking/answer-chat.ts';
import { answerInConversation, isInConversation } from '../conversations/answer-in-conversation.ts';
import { mountConversationRoutes } from '../conversations/routes.ts';
import { answerOnce } from '../idempotency/answer-once.ts';
import type { Replays } from '../idempotency/replays.ts';
import { createSchemaCompiler } from '../json-schema/compile-schema.ts';
import { startTaskWorker } from '../systems/chat-tasks.worker.ts';
import { startRestrictionWorker } from '../systems/principal-restricted.worker.ts';
import { mountSystemRoutes } from '../systems/routes.ts';
import { builtInTools } from '../tools/built-in-tools.ts';
import { answerWithTools } from '../tools/answer-with-tools.ts';
import { findServerTools, type FindToolsDeps } from '../tools/find-tools.ts';
import { mountToolRoutes } from '../tools/routes.ts';
import { openHeaders } from '../tools/tool-headers.ts';
import { executesTools, leavesToolsToSystem } from '../tools/tool-question.ts';
import { findTools, grantedTools } from '../tools/tool-store.ts';
import { loadDocument } from '../vision/load-document.ts';
import { mountVisionRoutes } from '../vision/routes.ts';
import type { Schema } from './schema.ts';

export interface SystemsOptions {
  routes: Routes;
  database: Database<Schema>;
  redisUrl: string;
  identityKeys: IdentityKeys;
  emitter: Emitter;
  nudgeRelay: () => void;
  /** What was read from documents is kept there. */
  cache: Pick<ContentCache<'vision_result'>, 'getOrMake'>;
  outbound: Outbound;
  /** The hosts (`host:port`) with which documents and secret headers may be exchanged unencrypted: those that the operator allows. */
  plainHttpTo: readonly string[];
  /** Null: this installation keeps no secrets of tenants. */
  vault: Vault | null;
  /** Answers one request, with everything that belongs to it. */
  answer: AnswerChat;
  /** The tools of the system that a tenant calls by this name; none where it is no system's. */
  toolsOfSystem: (principal: Principal, name: string) => Promise<readonly string[]>;
  replays: Pick<Replays, 'once'>;
  /** To be called after a commit that changed a tenant's budgets. */
  budgetsChanged: (tenantId: string) => Promise<void>;
  /** How long a model and the tools that are executed for it may take together. */
  toolLoopMsMax?: number;
  /** How many tokens of a conversation are sent at most. */
  windowTokensMax?: number;
  clientStalledMsMax: number;
  logger: Logger;
  metrics: Metrics;
  queuePrefix?: string;
}

export interface RunningSystems {
  /** For health. */
  taskWorker: RunningWorker;
  /** For health. */
  restrictionWorker: RunningWorker;
  /** Answers a chat request with what it asks of the router besides: its tools executed, its conversation remembered. */
  answer: AnswerChat;
  /** The same for other dialects. */
  answerIn: AnswerIn;
}

/** Who asks for which model, in any dialect. */
interface AskedOfModel {
  principal: Principal;
  body: AskingBody;
}

const windowTokensByDefault = 32_000;

/**
 * Connects what stands on top of answering single requests: systems and their tasks, tools, vision, conversations. What it
 * opens lies on `owned`.
 */
export function startSystems(options: SystemsOptions, owned: AsyncDisposableStack): RunningSystems {
  const { routes, database, emitter, nudgeRelay, outbound, plainHttpTo, vault, answer, logger, metrics } = options;
  const ask = askThrough(answer);
  const { db } = database;
  const compileSchema = createSchemaCompiler();
  const builtIn = builtInTools(() => new Date());
  const finding: FindToolsDeps = {
    builtIn,
    outbound,
    registered: (tenantId, names) => findTools(db, tenantId, names),
    secretsOf: (tenantId, tool) =>
      openHeaders(vault, { tenantId, name: tool.name, url: tool.url }, tool, (reason) => {
        logger.error('tool.headers_not_opened', { tenant_id: tenantId, tool: tool.name, reason });
      }),
  };

  const tellAudit = createTellAudit(emitter);
  const { budgetsChanged } = options;
  const bounds = { stalledMsMax: options.clientStalledMsMax };

  mountSystemRoutes(routes, { db, emitter, nudgeRelay, tellAudit, budgetsChanged }, bounds);
  mountToolRoutes(routes, { db, builtIn, compileSchema, vault, plainHttpTo, tellAudit, nudgeRelay });
  mountConversationRoutes(routes, db);
  mountVisionRoutes(routes, {
    ask,
    compileSchema,
    load: (document, signal) => loadDocument({ outbound, plainHttpTo }, document, signal),
    cache: options.cache,
  });

  const tasks = metrics.counter({
    name: 'signalbox_tasks_total',
    help: 'Tasks that were worked off, by how they ended.',
    labels: ['architecture', 'outcome'],
  });
  const working = {
    redisUrl: options.redisUrl,
    identityKeys: options.identityKeys,
    deadLetters: openDeadLetters(database),
    logger,
    metrics,
    ...(options.queuePrefix === undefined ? {} : { prefix: options.queuePrefix }),
  };
  const restrictionWorker = owned.use(startRestrictionWorker({ ...working, database }));
  const taskWorker = owned.use(
    startTaskWorker({
      ...working,
      deps: {
        db,
        ask,
        compileSchema,
        // A system's tools were allowed when somebody who may write systems named them.
        toolsOf: (tenantId, names) => findServerTools(finding, tenantId, names, names),
        events: {
          taskEnded({ taskId, systemId, architecture, outcome }) {
            tasks.inc({ architecture, outcome });
            logger.info('task.ended', { task_id: taskId, system_id: systemId, architecture, outcome });
          },
        },
      },
    }),
  );
  const withTools = answerOnce(
    options.replays,
    answerWithTools(
      {
        compileSchema,
        toolsOfSystem: ({ principal, body }) => options.toolsOfSystem(principal, body.model),
        grantedTo: (tenantId, principalId) => grantedTools(db, tenantId, principalId),
        toolsOf: (tenantId, names, allowed) => findServerTools(finding, tenantId, names, allowed),
        ...(options.toolLoopMsMax === undefined ? {} : { loopMsMax: options.toolLoopMsMax }),
      },
      answer,
    ),
  );
  const asksSystemWithTools = async ({ principal, body }: AskedOfModel): Promise<boolean> =>
    leavesToolsToSystem(body) && (await options.toolsOfSystem(principal, String(body['model']))).length > 0;
  const withToolsOrNot: AnswerChat = async (command, sink, signal) => {
    if (executesTools(command.body)) await withTools(command, sink, signal);
    else if (await asksSystemWithTools(command))
      await withTools(withBody(command, { ...command.body, execute_tools: true }), sink, signal);
    else await answer(command, sink, signal);
  };
  const { windowTokensMax = windowTokensByDefault } = options;
  const inConversation = answerInConversation({ db, windowTokensMax }, withToolsOrNot);
  const answerChat: AnswerChat = (command, sink, signal) =>
    (isInConversation(command) ? inConversation : withToolsOrNot)(command, sink, signal);
  return {
    taskWorker,
    restrictionWorker,
    answer: answerChat,
    answerIn: (ingress, otherwise) => async (command, sink, signal) => {
      const isOurs = isInConversation(command) || executesTools(command.body) || (await asksSystemWithTools(command));
      if (isOurs) await answerOverChat(ingress, answerChat, command, sink, signal);
      else await otherwise(command, sink, signal);
    },
  };
}
