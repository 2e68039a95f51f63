import { isSkeinError, SkeinError } from '@skein/protocol';
import {
  anyCharacters,
  anythingBut,
  choice,
  type Grammar,
  type GrammarRules,
  optional,
  repeat,
  rule,
  schemaGrammar,
  sequence,
  text,
} from '../grammar/index.js';
import type { ToolSyntax } from './tool-syntax.js';
import { type ToolChoice, type ToolDefinition, toolsMax } from './tool-types.js';

/** Calls of one answer. */
const callsMax = 16;

/** What the calls of an answer are held to. */
export interface ToolGrammarOptions {
  readonly tools: readonly ToolDefinition[];
  readonly choice: ToolChoice;
  readonly isParallel: boolean;
  readonly syntax: ToolSyntax;
  /** What an answer without calls looks like; null: it is free. */
  readonly answer: GrammarRules | null;
}

/**
 * The grammar of answers with calls: free text up to the first one where the model may choose,
 * nothing but calls where it has to call.
 * @throws SkeinError `bad-argument` for tools that cannot be enforced
 */
export function toolGrammar(options: ToolGrammarOptions): GrammarRules {
  const { choice: toolChoice, syntax, isParallel, answer } = options;
  const rules = new Map<string, Grammar>();
  rules.set('call', callGrammar(options, rules));
  const isOne = !isParallel || typeof toolChoice === 'object';
  const { between, close } = syntax;
  const next = sequence(text(between), rule('call'), text(close));
  const end = text(syntax.name === 'mistral' ? ']' : '');
  const more = isOne ? text('') : repeat(next, 0, callsMax - 1);
  rules.set('calls', sequence(rule('call'), text(close), more, end));
  if (toolChoice !== 'auto') return { root: rule('calls'), rules };
  const opened = sequence(optionalText(syntax.open), rule('calls'));
  if (answer !== null) {
    if (syntax.trigger === null) throw notTogether();
    for (const [name, body] of answer.rules) rules.set(name, body);
    return { root: choice(answer.root, sequence(text(syntax.trigger), opened)), rules };
  }
  if (syntax.trigger === null) {
    const [marker = ''] = syntax.markers;
    return { root: choice(sequence(optional(text(marker)), rule('calls')), otherText()), rules };
  }
  return { root: textUpTo(syntax.trigger, opened, rules), rules };
}

function callGrammar(
  { tools, choice: toolChoice, syntax }: ToolGrammarOptions,
  rules: Map<string, Grammar>,
) {
  requireTools(tools);
  const wanted = typeof toolChoice === 'object' ? toolChoice.name : null;
  const callable = tools.filter(({ name }) => wanted === null || name === wanted);
  if (callable.length === 0) {
    throw new SkeinError('bad-argument', `there is no tool "${wanted}" to choose`);
  }
  const options = callable.map((tool, index) =>
    sequence(
      text(JSON.stringify(tool.name)),
      comma,
      text(`"${syntax.argumentsKey}":`),
      space,
      argumentsGrammar(tool, `tool${index}`, rules),
    ),
  );
  return sequence(text('{"name":'), space, choice(...options), text('}'));
}

const space = optional(text(' '));
const comma = sequence(text(','), space);

function argumentsGrammar(
  { name, parameters }: ToolDefinition,
  prefix: string,
  rules: Map<string, Grammar>,
): Grammar {
  const none = { type: 'object', additionalProperties: false };
  const schema = typeof parameters === 'object' ? { type: 'object', ...parameters } : none;
  if (schema.type !== 'object') throw wrongTool(name, 'its parameters must be of type object');
  try {
    const grammar = schemaGrammar(schema, { prefix });
    for (const [ruleName, body] of grammar.rules) rules.set(ruleName, body);
    return grammar.root;
  } catch (error) {
    if (!isSkeinError(error)) throw error;
    throw wrongTool(name, error.message, error);
  }
}

function requireTools(tools: readonly ToolDefinition[]): void {
  if (tools.length > toolsMax) {
    throw new SkeinError('bad-argument', `there are ${tools.length} tools, at most ${toolsMax}`);
  }
  const names = tools.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw wrongTool(twice, 'two tools have this name');
}

function wrongTool(name: string, reason: string, cause?: unknown): SkeinError {
  return new SkeinError('bad-argument', `the tool "${name}": ${reason}`, { cause });
}

function optionalText(value: string): Grammar {
  return value === '\n' ? optional(text('\n')) : sequence(space, text(value));
}

/** Any text that does not begin like a call, or like the marker before one. */
function otherText(): Grammar {
  return optional(sequence(anythingBut('{<'), anyCharacters));
}

function notTogether(): SkeinError {
  const text = 'this model begins answers and calls alike: a response format needs a required tool';
  return new SkeinError('bad-argument', text);
}

/**
 * Any text in which a trigger does not occur, or up to its first occurrence and what is to follow
 * it. One rule for each beginning of the trigger that the text may end with.
 */
function textUpTo(trigger: string, then: Grammar, rules: Map<string, Grammar>): Grammar {
  const letters = [...new Set(trigger)];
  for (let matched = 0; matched < trigger.length; matched += 1) {
    const options: Grammar[] = [text('')];
    for (const letter of letters) {
      const length = overlap(trigger.slice(0, matched) + letter, trigger);
      const next = length === trigger.length ? then : rule(`text${length}`);
      options.push(sequence(text(letter), next));
    }
    options.push(sequence(anythingBut(letters.join('')), rule('text0')));
    rules.set(`text${matched}`, choice(...options));
  }
  return rule('text0');
}

/** Length of the longest end of a text that the trigger begins with. */
function overlap(value: string, trigger: string): number {
  for (let length = Math.min(value.length, trigger.length); length > 0; length -= 1) {
    if (trigger.startsWith(value.slice(value.length - length))) return length;
  }
  return 0;
}
