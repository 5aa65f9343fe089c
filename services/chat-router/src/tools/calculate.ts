import { AppError } from '@signalbox/errors';

const charactersMax = 500;
const depthMax = 50;

/**
 * The value of an arithmetic expression: decimal numbers, + - * / % ^ (power, right-associative and above the sign) and
 * brackets, as double-precision numbers. It is read, never run. Throws `validation_failed` for anything else, and where the
 * result is no finite number.
 */
export function calculate(expression: string): number {
  if (expression.length > charactersMax) throw refused(`Expected at most ${String(charactersMax)} characters.`);
  const tokens = expression.match(/\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+|[-+*/%^()]|\S/g) ?? [];
  let at = 0;
  let depth = 0;

  function sum(): number {
    let value = product();
    while (tokens[at] === '+' || tokens[at] === '-')
      value = tokens[at++] === '+' ? value + product() : value - product();
    return value;
  }

  function product(): number {
    let value = signed();
    for (let operator = tokens[at]; operator === '*' || operator === '/' || operator === '%'; operator = tokens[at]) {
      at += 1;
      const other = signed();
      value = operator === '*' ? value * other : operator === '/' ? value / other : value % other;
    }
    return value;
  }

  function signed(): number {
    depth += 1;
    if (depth > depthMax) throw refused('Expected fewer brackets and signs within each other.');
    const sign = tokens[at];
    if (sign === '-' || sign === '+') at += 1;
    const value = sign === '-' ? -signed() : sign === '+' ? signed() : power();
    depth -= 1;
    return value;
  }

  function power(): number {
    const base = operand();
    if (tokens[at] !== '^') return base;
    at += 1;
    return base ** signed();
  }

  function operand(): number {
    const token = tokens[at];
    at += 1;
    if (token === '(') {
      const value = sum();
      if (tokens[at] !== ')') throw refused('Expected a closing bracket.');
      at += 1;
      return value;
    }
    if (token === undefined || !/^[.\d]/.test(token)) {
      throw refused(`Expected a number${token === undefined ? '' : `, not ${JSON.stringify(token)}`}.`);
    }
    return Number(token);
  }

  const value = sum();
  if (at < tokens.length) throw refused(`Expected an operator, not ${JSON.stringify(tokens[at])}.`);
  if (!Number.isFinite(value)) throw refused('The result is no finite number.');
  return value;
}

function refused(message: string): AppError {
  return new AppError('validation_failed', message, { fields: [{ path: 'expression', message }] });
}
