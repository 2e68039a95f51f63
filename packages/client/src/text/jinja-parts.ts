/**
 * The parts of `@huggingface/jinja` that Skein uses, typed here: the package's own declarations
 * import each other without file extensions, which `nodenext` cannot resolve.
 */
import * as library from '@huggingface/jinja';

/** A parsed template, or a part of one. */
export interface JinjaNode {
  readonly type: string;
}

/** A call of a method, `text.strip()`. */
export interface CallNode extends JinjaNode {
  readonly args: readonly JinjaNode[];
  readonly callee: JinjaNode & {
    readonly object: JinjaNode;
    readonly property?: JinjaNode & { readonly value?: string };
  };
}

/** Tells whether a node calls a method by name. */
export function isMethodCall(node: JinjaNode | undefined): node is CallNode {
  if (node?.type !== 'CallExpression') return false;
  const { callee } = node as { callee?: JinjaNode & { computed?: boolean } };
  return callee?.type === 'MemberExpression' && callee.computed !== true;
}

/** A value in between: `value` is a string, number, array, `Map`, …, by its type. */
export interface JinjaValue {
  readonly type: string;
  readonly value: unknown;
}

/** The variables of a scope. */
export interface Environment {
  /** Converts a value and makes it a variable; returns the converted value. */
  set(name: string, value: unknown): JinjaValue;
}

interface Interpreter {
  /** Everything passes through here, from the whole template to single names. */
  evaluate(node: JinjaNode | undefined, environment: Environment): JinjaValue;
  run(program: JinjaNode): JinjaValue;
}

interface Whitespace {
  readonly lstrip_blocks: boolean;
  readonly trim_blocks: boolean;
}

export const { Environment, Interpreter, parse, tokenize } = library as unknown as {
  readonly Environment: new () => Environment;
  readonly Interpreter: new (environment: Environment) => Interpreter;
  readonly parse: (tokens: unknown[]) => JinjaNode;
  readonly tokenize: (template: string, options: Whitespace) => unknown[];
};
