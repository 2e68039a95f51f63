import { isSkeinError, limits, SkeinError } from '@skein/protocol';
import { BoundedInterpreter } from './bounded-interpreter.js';
import { chatTemplateLimits } from './chat-template-limits.js';
import { formatTime } from './format-time.js';
import { Environment, parse, tokenize } from './jinja-parts.js';

/** One message of a conversation; templates may read further fields, such as `tool_calls`. */
export interface ChatMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly [field: string]: unknown;
}

/** What a template is rendered with. */
export interface ChatTemplateInput {
  readonly messages: readonly ChatMessage[];
  /** Ends with the beginning of an answer. Default false. */
  readonly addGenerationPrompt?: boolean;
  readonly bosToken?: string | null;
  readonly eosToken?: string | null;
  /** JSON schemas of functions, as in OpenAI's API. */
  readonly tools?: readonly unknown[] | null;
  /** Further variables, such as `enable_thinking`. They cannot replace those above. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** The time that `strftime_now` tells, in the local time zone. Default: now. */
  readonly now?: Date;
}

const whiteSpaceRun = new RegExp(`\\s{${chatTemplateLimits.whiteSpaceRunMax + 1}}`);

/**
 * Renders a chat template as transformers' `apply_chat_template` does: Jinja with trim_blocks and
 * lstrip_blocks, `raise_exception`, `strftime_now`, `tojson`, loop controls and `generation`
 * blocks. The template is not trusted: size, steps and output are bounded.
 * @throws SkeinError `bad-argument` with the template's own message where it refuses the messages,
 * `limit-exceeded`
 */
export function renderChatTemplate(template: string, input: ChatTemplateInput): string {
  requireLimits(template, input);
  try {
    const program = parse(tokenize(template, { lstrip_blocks: true, trim_blocks: true }));
    const environment = createEnvironment(input);
    return new BoundedInterpreter(environment, { now: () => performance.now() }).render(program);
  } catch (error) {
    if (isSkeinError(error)) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new SkeinError('bad-argument', message, { cause: error });
  }
}

/**
 * Picks a model's template as transformers does: `tool_use` where there are tools and it exists,
 * else `default`.
 * @throws SkeinError `model-unsupported` when there is none
 */
export function selectChatTemplate(
  templates: ReadonlyMap<string, string>,
  { hasTools }: { hasTools: boolean },
): string {
  const template = (hasTools ? templates.get('tool_use') : undefined) ?? templates.get('default');
  if (template !== undefined) return template;
  const names = [...templates.keys()].join(', ');
  const message = `the model has no default chat template${names === '' ? '' : ` among ${names}`}`;
  throw new SkeinError('model-unsupported', message);
}

function requireLimits(template: string, input: ChatTemplateInput): void {
  const { messagesMax } = chatTemplateLimits;
  if (template.length > limits.chatTemplateBytesMax) {
    throw exceeded(`a chat template of ${template.length} characters`);
  }
  if (whiteSpaceRun.test(template)) throw exceeded('white space in a chat template');
  if (input.messages.length > messagesMax) {
    throw exceeded(`${input.messages.length} messages, at most ${messagesMax}`);
  }
}

function createEnvironment(input: ChatTemplateInput): Environment {
  const now = input.now ?? new Date();
  const environment = new Environment();
  const variables: Record<string, unknown> = {
    ...input.extra,
    messages: input.messages,
    tools: input.tools ?? null,
    documents: input.extra?.documents ?? null,
    add_generation_prompt: input.addGenerationPrompt ?? false,
    bos_token: input.bosToken ?? undefined,
    eos_token: input.eosToken ?? undefined,
    true: true,
    false: false,
    none: null,
    True: true,
    False: false,
    None: null,
    raise_exception: (message: unknown) => {
      throw new Error(String(message));
    },
    range: boundedRange,
    strftime_now: (format: unknown) => formatTime(now, String(format)),
  };
  for (const [name, value] of Object.entries(variables)) {
    // Every environment brings `namespace`.
    if (name !== 'namespace') environment.set(name, value);
  }
  return environment;
}

/** Python's `range`, of bounded length. */
function boundedRange(first: unknown, second?: unknown, third?: unknown): number[] {
  const [start, stop] = second === undefined ? [0, Number(first)] : [Number(first), Number(second)];
  const step = third === undefined ? 1 : Number(third);
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (![start, stop, step].every(Number.isInteger) || step === 0) {
    throw new Error('range() takes integers, and a step that is not 0');
  }
  if (length > chatTemplateLimits.itemsMax) throw exceeded(`a range of ${length} numbers`);
  return Array.from({ length }, (_, index) => start + index * step);
}

function exceeded(what: string): SkeinError {
  return new SkeinError('limit-exceeded', `${what}: over the limit of chat templates`);
}
