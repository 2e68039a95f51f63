import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  type ChatTemplateInput,
  chatTemplateLimits,
  renderChatTemplate,
  selectChatTemplate,
} from '../../src/text/index.js';
import { type ChatTemplateFixture, fixtureJson } from './fixtures.js';

const { templates, cases } = fixtureJson<ChatTemplateFixture>('chat-templates.json');

function render(template: string, input: Partial<ChatTemplateInput> = {}): string {
  return renderChatTemplate(template, { messages: [], ...input });
}

describe.each(templates)('transformers, $name', ({ name, template, bosToken, eosToken }) => {
  it.each(cases.filter((fixture) => fixture.template === name))(
    '$conversation, prompt $addGenerationPrompt',
    ({ messages, addGenerationPrompt, variables, rendered, error }) => {
      const { tools, ...extra } = variables;
      const input: ChatTemplateInput = {
        messages,
        addGenerationPrompt,
        bosToken,
        eosToken,
        tools: (tools as unknown[] | undefined) ?? null,
        extra,
      };
      if (error === undefined) {
        expect(renderChatTemplate(template, input)).toBe(rendered);
      } else {
        expect(() => renderChatTemplate(template, input)).toThrow(
          expect.objectContaining({ code: 'bad-argument', message: error }),
        );
      }
    },
  );
});

describe('renderChatTemplate', () => {
  it('tells the time in English', () => {
    const now = new Date(2026, 2, 5, 15, 4, 9);
    const format = '%d %B %b %Y %y %A %a %H:%M:%S %I %p %j %-d %% %Q';
    expect(render(`{{ strftime_now('${format}') }}`, { now })).toBe(
      '05 March Mar 2026 26 Thursday Thu 15:04:09 03 PM 064 5 % %Q',
    );
  });

  it('strips the characters that it is told to', () => {
    expect(render(`{{ '\\n\\n a \\n'.strip('\\n') }}|{{ 'xxaxx'.lstrip('x') }}`)).toBe(' a |axx');
    expect(render(`{{ 'abcba'.rstrip('ab') }}|{{ '  a '.strip() }}|`)).toBe('abc|a|');
  });

  it('does not let further variables replace its own', () => {
    const extra = { messages: 'x', raise_exception: 'y', greeting: 'hello' };
    expect(render('{{ messages|length }} {{ greeting }}', { extra })).toBe('0 hello');
  });

  it('knows whether there is a begin token', () => {
    expect(render('{{ bos_token is defined }}', { bosToken: '<s>' })).toBe('true');
    expect(render('{{ bos_token is defined }}')).toBe('false');
  });

  it('throws the message of raise_exception, and those of errors', () => {
    expect(() => render(`{{ raise_exception('no system role') }}`)).toThrow(
      expect.objectContaining({ code: 'bad-argument', message: 'no system role' }),
    );
    expect(() => render('{% if %}')).toThrow(expect.objectContaining({ code: 'bad-argument' }));
    expect(() => render('{{ 1 / }}')).toThrow(expect.objectContaining({ code: 'bad-argument' }));
    expect(() => render(`{{ ${'('.repeat(50_000)} }}`)).toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
  });

  const double = (what: string, times: number) =>
    `{% set ns = namespace(v=${what}) %}{% for i in range(${times}) %}` +
    `{% set ns.v = ns.v + ns.v %}{% endfor %}`;

  it.each([
    ['a long range', '{% for i in range(10**9) %}x{% endfor %}'],
    ['nested loops', `${'{% for i in range(60000) %}'.repeat(2)}x${'{% endfor %}'.repeat(2)}`],
    ['a doubled text', `${double(`'0123456789abcdef'`, 60)}{{ ns.v }}`],
    ['a doubled list', `${double('[1]', 60)}{{ ns.v }}`],
    [
      'a list of lists of lists',
      '{% set ns = namespace(v=[1]) %}{% for i in range(60) %}' +
        '{% set ns.v = [ns.v, ns.v] %}{% endfor %}{{ ns.v|tojson }}',
    ],
    [
      'namespaces in namespaces',
      '{% set ns = namespace(v=1) %}{% for i in range(60) %}' +
        '{% set ns.v = namespace(a=ns.v, b=ns.v) %}{% endfor %}{{ ns|tojson }}',
    ],
    ['a split into many', `${double(`'x '`, 20)}{% set parts = ns.v.split(' ') %}`],
    ['a split at white space', `${double(`'x '`, 20)}{% set parts = ns.v.split() %}`],
    [
      'heavy operations',
      `${double(`'x '`, 20)}{% for i in range(60000) %}` +
        `{% set q = ns.v.replace('x', 'yy') %}{% endfor %}`,
    ],
    [
      'a tree of macros',
      '{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}',
    ],
    ['white space for the lexer', `${' '.repeat(chatTemplateLimits.whiteSpaceRunMax + 1)}x`],
    ['a long template', 'x'.repeat(256 * 1024 + 1)],
  ])('is bounded: %s', { timeout: 20_000 }, (_name, template) => {
    // A clock that runs ten times as fast makes the wait for the limit short.
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() * 10);
    const start = performance.now();
    expect(() => render(template)).toThrow(expect.objectContaining({ code: 'limit-exceeded' }));
    expect(performance.now() - start).toBeLessThan(10 * chatTemplateLimits.elapsedMsMax);
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('is bounded in messages', () => {
    const messages = new Array(chatTemplateLimits.messagesMax + 1).fill({ role: 'user' });
    expect(() => render('', { messages })).toThrow(
      expect.objectContaining({ code: 'limit-exceeded' }),
    );
  });

  it('renders a long conversation', () => {
    const messages = Array.from({ length: 2000 }, (_, index) => ({
      role: index % 2 === 0 ? 'user' : 'assistant',
      content: 'Geese fly in a line to save strength. '.repeat(20),
    }));
    for (const { template, bosToken, eosToken } of templates) {
      const text = renderChatTemplate(template, { messages, bosToken, eosToken });
      expect(text.length).toBeGreaterThan(1_500_000);
    }
  });
});

describe('selectChatTemplate', () => {
  const several = new Map([
    ['default', 'a'],
    ['tool_use', 'b'],
  ]);

  it('takes the one for tools where there are tools', () => {
    expect(selectChatTemplate(several, { hasTools: false })).toBe('a');
    expect(selectChatTemplate(several, { hasTools: true })).toBe('b');
    expect(selectChatTemplate(new Map([['default', 'a']]), { hasTools: true })).toBe('a');
  });

  it('says that there is none', () => {
    expect(() => selectChatTemplate(new Map(), { hasTools: false })).toThrow(
      expect.objectContaining({ code: 'model-unsupported' }),
    );
  });
});
