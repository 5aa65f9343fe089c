import { createContext, Script } from 'node:vm';
import type { FieldError } from '@signalbox/errors';
import { Ajv2020, type ErrorObject, type Options } from 'ajv/dist/2020.js';

/** A JSON Schema that somebody gave, ready to judge values by. */
export interface CompiledSchema {
  /** What of `value` does not fit; empty when all does. Throws nothing. */
  errorsOf(value: unknown): FieldError[];
}

export type Compilation = { kind: 'compiled'; schema: CompiledSchema } | { kind: 'refused'; reason: string };

/** Compiles a schema, or says why it cannot be used. */
export type CompileSchema = (given: Readonly<Record<string, unknown>>) => Compilation;

const schemaCharactersMax = 65_536;
const patternMsMax = 25;
/** Far more than any schema takes that is meant to be used. */
const [compileMsMax, judgeMsMax] = [1_000, 250];
const errorsMax = 10;
const rememberedMax = 256;
const options: Options = {
  strict: false,
  validateFormats: false,
  ownProperties: true,
  logger: false,
  code: { regExp: boundedPattern },
};

/**
 * Makes a compiler of JSON Schemas of draft 2020-12 (older drafts' `definitions` work as well), which remembers the last
 * ones. A schema is a stranger's: it may be 64 KiB long, refers to nothing outside itself, and a `pattern` of it that takes
 * longer than 25 ms does not match. One that cannot be compiled within a second is refused, and what cannot be judged within
 * 250 ms does not fit: references may lead round in circles, or double what there is to do with every step. `format` is a
 * remark, as the draft says.
 */
export function createSchemaCompiler(): CompileSchema {
  const judge = new Ajv2020(options);
  const remembered = new Map<string, Compilation>();

  function compile(text: string): Compilation {
    if (text.length > schemaCharactersMax) return refused(`at most ${String(schemaCharactersMax)} characters`);
    // Named by nothing: two schemas of one name must not meet, and other drafts' names mean the same words here.
    const { $schema: _draft, $id: _id, ...schema } = JSON.parse(text) as Record<string, unknown>;
    try {
      if (judge.validateSchema(schema) !== true) return refused(judge.errorsText(judge.errors));
      // A validator of its own for each: a shared one would remember every schema that it ever saw.
      const validator = new Ajv2020({ ...options, meta: false, validateSchema: false });
      const validate = within(compileMsMax, () => validator.compile(schema));
      const errorsOf = (value: unknown): FieldError[] =>
        validate(value) ? [] : (validate.errors ?? []).slice(0, errorsMax).map(toFieldError);
      const errorsInTime = (value: unknown): FieldError[] => {
        try {
          return within(judgeMsMax, () => errorsOf(value));
        } catch {
          return [{ path: '', message: 'cannot be judged by this schema: it leads too far' }];
        }
      };
      return { kind: 'compiled', schema: { errorsOf: errorsInTime } };
    } catch (error) {
      return refused(error instanceof Error ? error.message : 'it cannot be read');
    }
  }

  return (given) => {
    const text = JSON.stringify(given);
    const compilation = remembered.get(text) ?? compile(text);
    remembered.delete(text);
    remembered.set(text, compilation);
    for (const oldest of remembered.size > rememberedMax ? remembered.keys().take(1) : []) remembered.delete(oldest);
    return compilation;
  };
}

function refused(reason: string): Compilation {
  return { kind: 'refused', reason: `Expected a JSON Schema: ${reason.slice(0, 300)}` };
}

const surroundings = createContext(Object.create(null) as object);
const running = new Script('work()');

/** Does some work where it can be interrupted; throws when it takes longer, as it does when the work throws. */
function within<Result>(ms: number, work: () => Result): Result {
  Object.assign(surroundings, { work });
  return running.runInContext(surroundings, { timeout: ms }) as Result;
}

const context = createContext(Object.create(null) as object);
const matching = new Script('pattern.test(text)');

/** Patterns run where they can be interrupted: one that never ends would hold up everybody. */
function boundedPattern(source: string, flags: string) {
  const pattern = new RegExp(source, flags);
  return {
    test(text: string): boolean {
      Object.assign(context, { pattern, text });
      try {
        return matching.runInContext(context, { timeout: patternMsMax }) === true;
      } catch {
        return false;
      }
    },
    // By this it is told from other patterns.
    toString: () => `/${source}/${flags}`,
  };
}
boundedPattern.code = 'boundedPattern';

function toFieldError({ instancePath, message = 'does not fit', params }: ErrorObject): FieldError {
  const { additionalProperty, allowedValues } = params as { additionalProperty?: unknown; allowedValues?: unknown };
  const named = additionalProperty ?? allowedValues;
  const more = named === undefined ? '' : `: ${JSON.stringify(named)}`;
  return { path: instancePath.slice(1).replaceAll('/', '.'), message: `${message}${more}`.slice(0, 300) };
}
