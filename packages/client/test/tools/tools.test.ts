import { readFileSync } from 'node:fs';
import type { TokenId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { encodePrompt } from '../../src/client/encode-prompt.js';
import { rulesOfFormat } from '../../src/grammar/index.js';
import { TokenGrammar } from '../../src/grammar/token-grammar.js';
import { createVocabulary } from '../../src/grammar/vocabulary.js';
import { createTokenizer } from '../../src/text/index.js';
import { createToolCallReader, type ToolOptions, toolFormat } from '../../src/tools/index.js';
import { randomAnswer, seededRandom } from '../grammar/random-answer.js';

const file = new URL('../../../../models/tiny-tales/tokenizer.json', import.meta.url);
const tokenizer = createTokenizer(readFileSync(file, 'utf8'));
const template = (name: string) =>
  readFileSync(new URL(`templates/${name}.jinja`, import.meta.url), 'utf8');
const templates = {
  tagged: template('tagged'),
  mistral: template('mistral'),
  llama: template('llama'),
  plain:
    "{% for message in messages %}{{ message.role + ': ' + message.content + '\\n' }}{% endfor %}",
};
const model = (name: keyof typeof templates) =>
  ({
    tokenizer,
    chatTemplate: templates[name],
    manifest: { name, config: { bosTokenId: 1, eosTokenIds: [2], vocabSize: 4096 } },
  }) as never;

const weather = {
  name: 'get_weather',
  description: 'The weather of a city.',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string', maxLength: 12 }, unit: { enum: ['C', 'F'] } },
    required: ['city', 'unit'],
  },
};
const clock = { name: 'now' };
const tools = [weather, clock];

const prompt = (name: keyof typeof templates, options: ToolOptions & { messages: object[] }) =>
  tokenizer.decode(encodePrompt(model(name), options as never, { isContinuation: false }).tokens, {
    skipSpecialTokens: false,
  });

const turns = (id: string) => [
  { role: 'user', content: 'Weather in Rome?' },
  {
    role: 'assistant',
    content: '',
    tool_calls: [{ id, function: { name: 'get_weather', arguments: { city: 'Rome', unit: 'C' } } }],
  },
  { role: 'tool', tool_call_id: id, name: 'get_weather', content: '31' },
];

describe('prompts', () => {
  it.each(['tagged', 'mistral', 'llama', 'plain'] as const)('of %s tell of tools', (name) => {
    const text = prompt(name, { messages: turns('abcdefghi'), tools });
    expect(text).toContain('"get_weather"');
    expect(text).toContain('The weather of a city.');
    expect(text.replaceAll(' ', '')).toContain('{"city":"Rome","unit":"C"}');
    expect(text).toContain('31');
    const other = prompt(name, { messages: [{ role: 'user', content: 'hi' }] });
    expect(other).not.toContain('get_weather');
  });

  it.each([
    ['tagged', '<|im_start|>assistant\n<tool_call>\n'],
    ['mistral', '[/INST][TOOL_CALLS]['],
    ['llama', '<|end_header_id|>\n\n'],
    ['plain', 'hi\n<tool_call>\n'],
  ] as const)('of %s begin a call that is wanted', (name, end) => {
    const messages = [{ role: 'user', content: 'hi' }];
    expect(prompt(name, { messages, tools, toolChoice: 'required' })).toMatch(
      new RegExp(`${end.replaceAll(/[[\]|/]/g, '\\$&')}$`),
    );
  });

  it('are refused where the way of writing calls is not known', () => {
    const unknown = { ...(model('plain') as object), chatTemplate: '{{ tools | tojson }}' };
    const options = { messages: [{ role: 'user', content: 'hi' }], tools };
    expect(() => encodePrompt(unknown as never, options, { isContinuation: false })).toThrow(
      /format that is not known/,
    );
  });
});

/** What the reader finds in a text that comes in pieces. */
function readAnswer(name: keyof typeof templates, options: ToolOptions, pieces: readonly string[]) {
  const reader = createToolCallReader(model(name), options);
  let text = '';
  const calls: { name: string; arguments: string }[] = [];
  for (const piece of pieces) {
    const read = reader.push(piece);
    text += read.text;
    for (const call of read.toolCalls) {
      if (call.name !== undefined) calls.push({ name: call.name, arguments: '' });
      (calls[call.index] as (typeof calls)[number]).arguments += call.arguments;
    }
  }
  return { text: text + reader.flush(), calls };
}

const rome = '{"city":"Rome } \\" {","unit":"C"}';
const calls = [
  { name: 'get_weather', arguments: rome },
  { name: 'now', arguments: '{}' },
];
const written = {
  tagged: `Let me look. <tool_call>\n{"name": "get_weather", "arguments": ${rome}}\n</tool_call>\n<tool_call>\n{"name":"now","arguments":{}}\n</tool_call>`,
  mistral: `Let me look. [TOOL_CALLS] [{"name": "get_weather", "arguments": ${rome}}, {"name": "now", "arguments": {}}]`,
  llama: `<|python_tag|>{"name": "get_weather", "parameters": ${rome}}; {"name": "now", "parameters": {}}`,
};

describe('a reader', () => {
  it.each(['tagged', 'mistral', 'llama'] as const)('tells text and calls apart: %s', (name) => {
    const expected = { text: name === 'llama' ? '' : 'Let me look. ', calls };
    expect(readAnswer(name, { tools }, [written[name]])).toEqual(expected);
    expect(readAnswer(name, { tools }, written[name].split(''))).toEqual(expected);
  });

  it('reads on where the prompt has begun a call', () => {
    const rest = `{"name": "now", "arguments": {}}\n</tool_call>`;
    const options = { tools, toolChoice: 'required' } as const;
    expect(readAnswer('tagged', options, [rest])).toEqual({ text: '', calls: calls.slice(1) });
  });

  it('keeps text that only looks like a call', () => {
    const text = 'a <tool_cal of the wild <tool';
    expect(readAnswer('tagged', { tools }, text.split(''))).toEqual({ text, calls: [] });
    expect(readAnswer('llama', { tools }, ['no ', '{"name": "now"'])).toEqual({
      text: 'no {"name": "now"',
      calls: [],
    });
  });

  it('gives what there is of a call that was cut', () => {
    const cut = written.tagged.slice(0, written.tagged.indexOf('Rome') + 2);
    expect(readAnswer('tagged', { tools }, [cut]).calls).toEqual([
      { name: 'get_weather', arguments: '{"city":"Ro' },
    ]);
  });
});

describe('the grammar', () => {
  const grammarFor = (name: keyof typeof templates, options: ToolOptions) => {
    const format = toolFormat(model(name), options);
    const markers = format.type === 'grammar' ? format.markers : [];
    const vocabulary = createVocabulary(tokenizer, 4096, markers);
    return new TokenGrammar(rulesOfFormat(format) as never, vocabulary);
  };
  const accepts = (grammar: TokenGrammar, text: string) => {
    let read: ReturnType<TokenGrammar['advance']> = grammar.start;
    for (const token of tokenizer.encode(text, { addSpecialTokens: false })) {
      read = read === null ? null : grammar.advance(read, token as TokenId);
    }
    return read?.isComplete ?? false;
  };

  it.each(['tagged', 'mistral', 'llama'] as const)('of free answers of %s', (name) => {
    const grammar = grammarFor(name, { tools });
    expect(accepts(grammar, written[name])).toBe(true);
    expect(accepts(grammar, 'Just text. [1] <b>')).toBe(true);
    expect(accepts(grammar, written[name].replace('"unit":"C"', '"unit":"K"'))).toBe(false);
    expect(accepts(grammar, written[name].replace('get_weather', 'get_whether'))).toBe(false);
  });

  it.each(['tagged', 'mistral', 'llama', 'plain'] as const)(
    'of calls that are wanted: %s',
    (name) => {
      const random = seededRandom(3);
      for (const toolChoice of ['required', { name: 'get_weather' }] as const) {
        const options = { tools, toolChoice };
        const grammar = grammarFor(name, options);
        for (let round = 0; round < 5; round += 1) {
          const answer = randomAnswer(grammar, tokenizer, { tokensMax: 90, random });
          expect(answer.isComplete).toBe(true);
          const found = readAnswer(name, options, [answer.text]);
          expect(found.text).toBe('');
          expect(found.calls.length).toBeGreaterThan(0);
          for (const call of found.calls) JSON.parse(call.arguments);
          if (toolChoice !== 'required') expect(found.calls).toHaveLength(1);
        }
      }
    },
  );

  it('refuses tools that it cannot hold to their schema', () => {
    const bad = { name: 'bad', parameters: { type: 'object', minProperties: 3 } };
    expect(() => toolFormat(model('plain'), { tools: [bad] })).toThrow(/the tool "bad": .*minProp/);
    expect(() => toolFormat(model('plain'), { tools: [clock, clock] })).toThrow(/two tools/);
    expect(() => toolFormat(model('plain'), { tools, toolChoice: { name: 'other' } })).toThrow(
      /no tool "other"/,
    );
  });
});
