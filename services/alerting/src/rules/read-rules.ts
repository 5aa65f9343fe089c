import { AlertRuleInput } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { parse } from 'yaml';
import { z } from 'zod';
import { toSpec } from './rule.ts';
import type { RuleSpec } from './rule-spec.ts';

const RulesFile = z.looseObject({ rules: z.array(AlertRuleInput).max(5_000) });

export interface ReadRule {
  spec: RuleSpec;
  enabled: boolean;
}

/** Reads YAML without anchors that would grow without end. Throws `validation_failed`, naming `yaml`. */
export function readYaml(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 100, prettyErrors: false }) as unknown;
  } catch (error) {
    throw invalid('yaml', `Expected YAML: ${error instanceof Error ? error.message : 'it cannot be read'}`);
  }
}

/** The rules of a file, checked as those of the API are. Throws `validation_failed`, naming each flaw's place. */
export function readRules(document: unknown): ReadRule[] {
  const read = RulesFile.safeParse(document);
  if (!read.success) {
    const fields = read.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
    throw new AppError('validation_failed', undefined, { fields });
  }
  const rules = read.data.rules.map((input, index) => ({
    spec: toSpec(input, `rules.${String(index)}`),
    enabled: input.enabled ?? true,
  }));
  const names = rules.map(({ spec }) => spec.name);
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (twice !== -1) throw invalid(`rules.${String(twice)}.name`, 'Expected a name that no rule before has.');
  return rules;
}

function invalid(path: string, message: string): AppError {
  return new AppError('validation_failed', undefined, { fields: [{ path, message }] });
}
