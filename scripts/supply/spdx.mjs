// Licence expressions of SPDX, as package managers write them: `MIT OR Apache-2.0`, `(MIT OR Apache-2.0) AND Unicode-3.0`,
// and `MIT/Apache-2.0` of old.

/**
 * The licences to take from an expression, of those that are accepted: all of an AND, and of an OR the choice that
 * ranks highest.
 * @param {string | null | undefined} expression
 * @param {string[]} accepted licences, the preferred first
 * @returns {string[] | null} `null` if the expression cannot be met, or is none
 */
export function chooseLicences(expression, accepted) {
  const tokens = tokensOf(expression ?? '');
  let next = 0;
  const rank = (licences) => Math.max(...licences.map((licence) => accepted.indexOf(licence)));
  const better = (one, other) => (!one || (other && rank(other) < rank(one)) ? other : one);
  const both = (one, other) => one && other && [...new Set([...one, ...other])];

  function joined(operator, operand, join) {
    let result = operand();
    while (tokens[next] === operator) {
      next += 1;
      result = join(result, operand());
    }
    return result;
  }
  const any = () => joined('OR', all, better);
  const all = () => joined('AND', licence, both);
  function licence() {
    const token = tokens[next++];
    if (token === '(') {
      const inner = any();
      return tokens[next++] === ')' ? inner : malformed();
    }
    if (!token || [')', 'OR', 'AND', 'WITH'].includes(token)) return malformed();
    let name = token;
    if (tokens[next] === 'WITH') {
      name = `${token} WITH ${tokens[next + 1]}`;
      next += 2;
    }
    return accepted.includes(name) ? [name] : null;
  }
  function malformed() {
    next = NaN;
    return null;
  }

  const chosen = any();
  return next === tokens.length ? chosen : null;
}

/** The expression with the operators that SPDX has. */
export function spdxExpression(expression) {
  return expression.replaceAll(/\s*\/\s*/g, ' OR ');
}

function tokensOf(expression) {
  return spdxExpression(expression).match(/[()]|[^\s()]+/g) ?? [];
}
