import { z } from 'zod';
import { defineRoute } from './define-route.ts';
import { pageOf, PageQuery } from './page.ts';

const tag = 'Tools';
const service = 'chat-router';

const ToolName = z.string().regex(/^[a-zA-Z][a-zA-Z0-9_-]{0,63}$/, 'Expected letters, digits, _ and -, 64 at most.');
const NameParams = z.strictObject({ name: z.string().max(64).describe('The name of the tool.') });
const JsonSchemaObject = z
  .record(z.string(), z.unknown())
  .describe('A JSON Schema (2020-12) without remote references.');

const Headers = z
  .record(
    z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, 'Expected the name of a header.'),
    z
      .string()
      .min(1)
      .max(4_096)
      .regex(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/, 'Expected printable ASCII.'),
  )
  .refine((headers) => Object.keys(headers).length <= 20, 'Expected 20 headers at most.')
  .describe(
    'Sent with every call, to the origin of `url` alone: sealed at once, never readable again, and left out of what the ' +
      'tool answers. They need an https address.',
  );

const toolShape = {
  description: z.string().min(1).max(2_000).describe('What it does, for the model.'),
  parameters: JsonSchemaObject.describe('What its arguments must be, as JSON Schema (2020-12).'),
  url: z
    .url({ protocol: /^https?$/ })
    .max(2_000)
    .describe('Called with the arguments as JSON (POST) or as query (GET). It must be reachable from the internet.'),
  method: z.enum(['GET', 'POST']),
  timeout_ms: z.int().min(10).max(60_000).optional().describe('Default 10,000.'),
};

export const ToolInput = z
  .strictObject({ name: ToolName, ...toolShape, headers: Headers.optional() })
  .meta({ id: 'ToolInput' });
export type ToolInput = z.infer<typeof ToolInput>;

export const Tool = z
  .object({
    name: z.string(),
    kind: z.enum(['built_in', 'http']),
    description: z.string(),
    parameters: z.record(z.string(), z.unknown()),
    url: z.string().nullable(),
    method: z.enum(['GET', 'POST']).nullable(),
    timeout_ms: z.int(),
    header_names: z
      .array(z.string())
      .describe('The secret headers that it is called with; nobody is told their values.'),
  })
  .meta({ id: 'Tool' });
export type Tool = z.infer<typeof Tool>;

export const createTool = defineRoute({
  operationId: 'createTool',
  service,
  method: 'post',
  path: '/api/v1/tools',
  tag,
  summary: 'Register a tool that the router calls on behalf of a model',
  description: 'Nobody may use it until it is granted to a key or named by a system.',
  scope: 'systems:write',
  body: ToolInput,
  response: { status: 201, description: 'The tool', schema: Tool },
});

export const listTools = defineRoute({
  operationId: 'listTools',
  service,
  method: 'get',
  path: '/api/v1/tools',
  tag,
  summary: 'List the tools by name, the built-in ones among them',
  scope: 'systems:read',
  query: PageQuery,
  response: { status: 200, description: 'One page of tools', schema: pageOf(Tool) },
});

export const getTool = defineRoute({
  operationId: 'getTool',
  service,
  method: 'get',
  path: '/api/v1/tools/{name}',
  tag,
  summary: 'Get one tool',
  scope: 'systems:read',
  params: NameParams,
  response: { status: 200, description: 'The tool', schema: Tool },
});

export const updateTool = defineRoute({
  operationId: 'updateTool',
  service,
  method: 'patch',
  path: '/api/v1/tools/{name}',
  tag,
  summary: 'Change a registered tool',
  scope: 'systems:write',
  params: NameParams,
  body: z
    .strictObject({
      ...toolShape,
      headers: Headers.nullable().describe(
        'In place of all headers before; null: none. Needed again when `url` moves to another origin.',
      ),
    })
    .partial(),
  response: { status: 200, description: 'The tool as it is now', schema: Tool },
});

export const deleteTool = defineRoute({
  operationId: 'deleteTool',
  service,
  method: 'delete',
  path: '/api/v1/tools/{name}',
  tag,
  summary: 'Delete a registered tool',
  scope: 'systems:write',
  params: NameParams,
  response: { status: 204, description: 'Deleted', schema: null },
});

const GrantParams = z.strictObject({
  principal: z.string().max(64).describe('The key or user that the tools are granted to: `key_…`, `user_…`.'),
});

export const ToolGrant = z
  .object({ principal_id: z.string(), tools: z.array(z.string()), updated_at: z.iso.datetime() })
  .meta({ id: 'ToolGrant' });
export type ToolGrant = z.infer<typeof ToolGrant>;

export const setToolGrant = defineRoute({
  operationId: 'setToolGrant',
  service,
  method: 'put',
  path: '/api/v1/tool-grants/{principal}',
  tag,
  summary: 'Say which server-side tools a key or user may have executed; an empty list takes all of them away',
  scope: 'keys:write',
  params: GrantParams,
  body: z.strictObject({ tools: z.array(ToolName).max(100) }),
  response: { status: 200, description: 'The grant as it is now', schema: ToolGrant },
});

export const listToolGrants = defineRoute({
  operationId: 'listToolGrants',
  service,
  method: 'get',
  path: '/api/v1/tool-grants',
  tag,
  summary: 'List who may have which server-side tools executed',
  scope: 'keys:read',
  query: PageQuery,
  response: { status: 200, description: 'One page of grants', schema: pageOf(ToolGrant) },
});

/** One execution of a server-side tool, as an answer's `signalbox.tool_calls` tells it. */
export const ToolCallRecord = z
  .object({
    id: z.string(),
    name: z.string(),
    arguments: z.string().describe('As the model wrote them.'),
    ok: z.boolean(),
    error: z.string().optional().describe('What the model was told.'),
    duration_ms: z.number(),
  })
  .meta({ id: 'ToolCallRecord' });
export type ToolCallRecord = z.infer<typeof ToolCallRecord>;

/** What an answer whose tools were executed here has as its member `signalbox`; a stream has it in its last chunk but one. */
export const ToolsUsed = z
  .object({
    tool_calls: z.array(ToolCallRecord).describe('In the order of the steps.'),
    tool_steps: z.int().describe('How often the model called tools.'),
    stopped: z
      .enum(['answer', 'step_cap'])
      .describe('`step_cap`: it had called tools as often as it may, and had to answer.'),
  })
  .meta({ id: 'ToolsUsed' });
export type ToolsUsed = z.infer<typeof ToolsUsed>;

/** What a stream tells on the way, in the member `signalbox` of a chunk without choices. */
export type ToolNote =
  { tool_call_started: Pick<ToolCallRecord, 'id' | 'name' | 'arguments'> } | { tool_call: ToolCallRecord };

export const toolRoutes = [
  createTool,
  listTools,
  getTool,
  updateTool,
  deleteTool,
  setToolGrant,
  listToolGrants,
] as const;
